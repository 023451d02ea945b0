import { Deployment, datapath } from './deployment.ts';
import { quiet } from './machine.ts';
import { ovn } from './ovn.ts';
import { median, ratio, short, spread } from './statistics.ts';
import { printTable, verdict } from './table.ts';

const ports = 2000;
const rounds = 7;
const barSeconds = 1;

/** The agent ended and started again: from the start of the process until the manager knows that it has caught up. */
export async function restart(): Promise<void> {
  await using deployment = await Deployment.start(ports);
  await quiet();
  const seconds: number[] = [];
  let touched = 0;
  for (let round = 0; round < rounds; round++) {
    // A change that no flow depends on: the agent has caught up when it has acknowledged this revision.
    const { revision } = await deployment.call('PUT', datapath, { display_name: `br0 ${round}` });
    await deployment.inEffect(datapath, revision);
    await deployment.endAgent();
    const change = await deployment.call('PUT', datapath, { display_name: `br0 again ${round}` });
    const before = performance.now();
    deployment.startAgent();
    await deployment.inEffect(datapath, change.revision);
    seconds.push((performance.now() - before) / 1000);
    const found = await deployment.agent.said('the flows of the switch are up to date');
    touched += Number(found.added) + Number(found.removed);
  }
  const took = median(seconds);
  const ovnSeconds = ovn.restartSeconds[ports];
  printTable(`Agent restarted with ${ports} ports, s: median of ${rounds} (least to greatest)`, [
    ['start to in step', 'bar', 'flows touched', 'bar', 'OVN', 'OVN to this'],
    [
      spread(seconds),
      verdict(took, barSeconds, 's'),
      touched,
      verdict(touched, 0, ''),
      short(ovnSeconds),
      ratio(ovnSeconds, took),
    ],
  ]);
}
