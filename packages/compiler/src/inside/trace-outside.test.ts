import { type HostTrace, parseIpv4, type TraceOnward, type TraceQuestion } from '@openvnet/model';
import { expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import { TestHosts } from '../testing/hosts.ts';
import {
  interfaceRows,
  macLeaseRow,
  networkRows,
  placementRow,
  plainInterface,
  routeRows,
  staticRow,
  TestModel,
} from '../testing/model.ts';
import { trace, traceArrival } from './trace.ts';

/** Guest 1 of network 1 and guest 2 of network 10 on host 1; host 2 has an uplink to network 10, at port 52. */
function outside(): TestHosts {
  const model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(10, undefined, { mode: 'physical' }),
    ...interfaceRows(1, 1, parseIpv4('10.0.1.1')!),
    ...interfaceRows(2, 10, parseIpv4('10.0.10.2')!),
    ...interfaceRows(11, 1, parseIpv4('10.0.1.254')!, 'simulated'),
    ...interfaceRows(12, 10, parseIpv4('10.0.10.254')!, 'simulated'),
    ...routeRows(1, 7, 11, 1),
    ...routeRows(2, 7, 12, 10),
    ...plainInterface(52, 'host', 'if-52'),
    macLeaseRow(52, 52, null),
    staticRow(52, 52, { network: 10 }),
  ])
    model.put(...row);
  const hosts = new TestHosts(model, [1, 2, 3]);
  hosts.plug(1, 1, 2);
  hosts.host(2).port(52).port(localPort, 'br0');
  model.put(...placementRow(52, 2));
  return hosts;
}

const live = async (): Promise<string> => '';
const base = { protocol: 'icmp', port: 80, size: 84, dont_fragment: false, both: false, live: false } as const;

async function ends(hosts: TestHosts, id: number, to: string): Promise<string[]> {
  const question: TraceQuestion = { about: 'trace', interface_id: id, to: parseIpv4(to)!, ...base };
  const there: HostTrace = (await trace([hosts.host(1).inspected()], question, live))!;
  const arrive = async (copy: TraceOnward): Promise<string> => {
    const asked = { about: 'arrival', ...copy, live: false } as const;
    const { verdict, datapath_uuid } = (await traceArrival([hosts.host(copy.datapath_id).inspected()], asked, live))!;
    return `${datapath_uuid}: ${verdict}`;
  };
  return [there.verdict, ...(await Promise.all(there.onward.map(arrive)))];
}

it('a trace to a station outside leaves by the uplink of another host', async () => {
  const hosts = outside();
  expect(await ends(hosts, 2, '10.0.10.99')).toMatchInlineSnapshot(`
    [
      "nobody in nw-10 has 10.0.10.99",
      "dp-2: nobody here has 10.0.10.99: the ARP request leaves for stations outside at port if-52",
    ]
  `);
  expect(await ends(hosts, 1, '10.0.10.99')).toMatchInlineSnapshot(`
    [
      "sent to dp-2 by a geneve tunnel to 172.31.0.2",
      "dp-2: waits until 10.0.10.99 in nw-10 has told the agent its MAC address",
    ]
  `);
});
