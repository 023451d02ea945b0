import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After this many flows, rows or the like, the garbage is worth a collection. */
const muchWork = 2000;
/** After this idle time, in milliseconds, a collection delays nobody. */
const quietMs = 5000;

let done = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * Notes that this many flows or rows were processed; without a number, many. When the program is idle after much work,
 * its garbage is returned to the system, which V8 does not do by itself: a fifth of the memory of an agent with 10,000 ports, and
 * of a manager that has started. The collection blocks the program once, for up to a quarter of a second.
 */
export function noteWork(amount = muchWork, afterMs = quietMs): void {
  done += amount;
  if (timer === undefined && done < muchWork) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = undefined;
    done = 0;
    collect();
  }, afterMs).unref();
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
