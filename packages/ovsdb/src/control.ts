import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { OvsdbError } from './error.ts';
import { Scanner } from './scanner.ts';

/**
 * Sends a command to the control socket of an Open vSwitch daemon, as `ovs-appctl` does: JSON-RPC 1.0 without framing.
 * `daemon` is its name, `directory` holds its socket. Returns the text of the answer. Throws `OvsdbError` with the
 * refusal, or with the reason why the daemon could not be reached.
 */
export async function askDaemon(
  { directory, daemon, timeoutMs = 5000 }: { directory: string; daemon: string; timeoutMs?: number },
  method: string,
  params: readonly string[],
): Promise<string> {
  const path = `${directory}/${await socketOf(directory, daemon)}`;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ path });
  const fail = (reason: string): void => reject(new OvsdbError(`${path}: ${reason}`));
  const scanner = new Scanner();
  socket.setTimeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('closed without an answer'));
  socket.on('data', (chunk) => {
    try {
      for (const value of scanner.push(chunk)) {
        const { result, error } = value as { result?: unknown; error?: unknown };
        if (typeof error === 'string') fail(error.trim());
        else resolve(String(result ?? ''));
      }
    } catch (error) {
      reject(error as Error);
    }
  });
  socket.write(JSON.stringify({ id: 0, method, params }));
  return promise.finally(() => socket.destroy());
}

/** The newest socket of a daemon; the name of the socket contains the process id. */
async function socketOf(directory: string, daemon: string): Promise<string> {
  const names = await readdir(directory).catch((cause: Error) => {
    throw new OvsdbError(`${directory}: ${cause.message}`, {}, { cause });
  });
  const found = names.filter((name) => name.startsWith(`${daemon}.`) && name.endsWith('.ctl'));
  const [newest] = found.sort((a, b) => numberIn(b) - numberIn(a));
  if (!newest) throw new OvsdbError(`${directory} has no control socket of ${daemon}`);
  return newest;
}

function numberIn(name: string): number {
  return Number(/\.(\d+)\.ctl$/.exec(name)?.[1] ?? 0);
}
