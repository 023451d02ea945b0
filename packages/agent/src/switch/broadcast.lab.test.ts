/** A broadcast to many filtered ports, on a real switch: it follows 4,096 resubmits for a packet, and then drops it. */
import {
  datapathId,
  filteringRow,
  filterRow,
  interfaceRows,
  networkRows,
  ruleRow,
  TestModel,
} from '@openvnet/compiler/testing';
import { PrivateSwitch } from '@openvnet/lab';
import { dial } from '@openvnet/openflow';
import pino from 'pino';
import { expect, it } from 'vitest';
import { ControlSocket } from '../testing/trace.ts';
import { ServedSwitch } from './served-switch.ts';

const base = 0x0a010000;
const ports = 2001;

/** Port 1 has no filter; each of the others has a rule of its own. */
function modelOf(action: 'pass' | 'conn'): TestModel {
  const model = new TestModel();
  for (const row of networkRows(1, base, { ipv4_prefix: 16 })) model.put(...row);
  for (let id = 1; id <= ports; id++) {
    for (const row of interfaceRows(id, 1, base + id)) model.put(...row);
    if (id === 1) continue;
    model.put(...filteringRow(id, true)).put(...filterRow(id, id));
    model.put(...ruleRow(2 * id, id, { protocol: 'udp', dst_port: id, action }));
    if (action === 'pass') model.put(...ruleRow(2 * id + 1, id, { protocol: 'udp', dst_port: 9999, action }));
  }
  return model;
}

it('reaches 2,000 filtered ports of one network', async () => {
  await using vswitch = await PrivateSwitch.start({ dummy: true });
  await vswitch.addBridge({ name: 'br0' });
  const names = Array.from({ length: ports }, (_, i) => [`if-${i + 1}`, { ofportRequest: i + 1 }]);
  for (let first = 0; first < ports; first += 200)
    await vswitch.addPorts('br0', Object.fromEntries(names.slice(first, first + 200)));
  using control = new ControlSocket(`${vswitch.runDirectory}/ovs-vswitchd.${vswitch.pid()}.ctl`);
  const outputs = async (packet: string): Promise<number> => {
    const text = await control.ask('ofproto/trace', 'br0', `in_port=1,dl_src=52:54:00:00:00:01,${packet}`);
    expect(text).not.toMatch(/over max|resubmit limit|too many/i);
    const actions = [...text.matchAll(/^Datapath actions: (.*)$/gm)].flatMap(([, list]) => list!.split(','));
    return actions.filter((action) => /^\d+$/.test(action)).length;
  };
  for (const action of ['pass', 'conn'] as const) {
    await using connection = await dial(`unix:${vswitch.managementSocket('br0')}`);
    const settled = Promise.withResolvers<void>();
    const served: ServedSwitch = new ServedSwitch({
      datapathId,
      dpid: 'br0',
      model: modelOf(action).relations,
      log: pino({ level: 'silent' }),
      revision: () => 1,
      onChange: () => {
        if (served.problem) settled.reject(new Error(served.problem));
        else if (served.revision === 1) settled.resolve();
      },
    });
    for (let id = 1; id <= ports; id++) served.setPort(`if-${id}`, { id, name: `if-${id}`, iface_id: null });
    served.use(connection);
    await settled.promise;
    const arp = 'arp,dl_dst=ff:ff:ff:ff:ff:ff,arp_op=2,arp_spa=10.1.0.1,arp_tpa=10.1.0.1,arp_sha=52:54:00:00:00:01';
    expect(await outputs(arp)).toBe(ports - 1);
    const udp = 'udp,dl_dst=ff:ff:ff:ff:ff:ff,nw_src=10.1.0.1,nw_dst=10.1.255.255,udp_src=9';
    if (action === 'pass') {
      expect(await outputs(`${udp},udp_dst=9999`)).toBe(ports - 1);
      expect(await outputs(`${udp},udp_dst=77`)).toBe(1);
    } else expect(await outputs(`${udp},udp_dst=77`)).toBe(0);
    await served.close();
  }
}, 120_000);
