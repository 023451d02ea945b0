import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So many flows, rows or the like leave enough behind to be worth a collection. */
const muchWork = 2000;
/** Without work for so long, milliseconds, nobody is kept waiting by it. */
const quietMs = 5000;

let done = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * Notes that so many flows or rows have been dealt with; unless said, many. Once nothing has been noted for a while after much
 * work, what that has left behind is given back to the system, which V8 does not do by itself: a fifth of what an agent of 10,000
 * ports takes, and of a manager that has started. It takes up to a quarter of a second, once; everybody waits for so long.
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
