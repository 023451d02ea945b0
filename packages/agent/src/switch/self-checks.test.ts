import { datapathId, interfaceRows, networkRows, TestModel } from '@openvnet/compiler/testing';
import pino from 'pino';
import { expect, it } from 'vitest';
import { until } from '../testing/host.ts';
import { ServedSwitch } from './served-switch.ts';

it('computes everything anew from time to time, and reports and mends what is wrong', async () => {
  const model = new TestModel();
  for (const row of [...networkRows(1), ...interfaceRows(11, 1, 0x0a000101)]) model.put(...row);
  const logged: string[] = [];
  const served = new ServedSwitch({
    datapathId,
    dpid: '1',
    model: model.relations,
    log: pino({ level: 'error' }, { write: (line) => logged.push(line) }),
    revision: () => 1,
    onChange: () => {},
    selfCheckTimes: { every: 20, work: 0, rest: 0 },
  });
  served.setPort('if-11', { id: 11, name: 'if-11', iface_id: null });
  served.touch();
  await until(() => served.selfChecks.last !== null && served.selfChecks.last.items > 5);
  expect(served.selfChecks.last).toMatchObject({ disagreements: 0, found: [] });

  const { flows, relations } = served.compiler;
  const size = flows.size;
  const [first] = flows.keys();
  flows.remove({ key: first!, body: flows.get(first!)! });
  relations.binding.delete(11);
  await until(() => served.selfChecks.last!.disagreements > 0);
  expect(served.selfChecks.last!.found).toEqual(['derivation binding from interface of if-11', 'flows of table admit']);
  expect(logged.join()).toContain('the self-check found wrong results');
  await until(() => served.selfChecks.last!.found.length === 0);
  expect(served.selfChecks.last!.disagreements).toBeGreaterThanOrEqual(2);
  expect([flows.size, relations.binding.get(11)?.port]).toEqual([size, 11]);
  await served.close();
});
