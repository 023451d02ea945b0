import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So many flows changed leave enough behind to be worth a collection. */
const manyFlows = 2000;
/** Without work for so long, milliseconds, nobody is kept waiting by it. */
const quietMs = 5000;

let changed = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * Notes that flows have been computed and sent. After many, once nothing has been sent for a while, what that has left behind is
 * given back to the system, which V8 does not do by itself: a fifth of what an agent of 10,000 ports takes. It takes a quarter of
 * a second there, once; packets for the agent wait for so long.
 */
export function noteWork(flows: number, afterMs = quietMs): void {
  changed += flows;
  if (timer === undefined && changed < manyFlows) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = undefined;
    changed = 0;
    collect();
  }, afterMs).unref();
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
