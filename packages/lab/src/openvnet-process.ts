import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, ClientError } from '@openvnet/client';
import type { Ledger } from './ledger.ts';
import { patience } from './patience.ts';
import { LabError, start } from './run.ts';
import { processesOf } from './things.ts';

/** The program: manager and agent in one process. */
export const openvnetProgram = fileURLToPath(new URL('../../openvnet/src/main.ts', import.meta.url));

/** Whether an API answers; throws where something else does. */
export async function answers(client: Client): Promise<boolean> {
  try {
    await client.status();
    return true;
  } catch (error) {
    if (error instanceof ClientError && /: connection refused/.test(error.message)) return false;
    throw error;
  }
}

export interface OpenvnetOptions {
  readonly ledger: Ledger;
  readonly api: string;
  readonly openflow: string;
  /** `unix:` and the path of the database's socket. */
  readonly ovsdb: string;
}

/** Starts manager and agent in the background, with a store in memory; returns when the API answers. */
export async function startOpenvnet(client: Client, { ledger, api, openflow, ovsdb }: OpenvnetOptions): Promise<void> {
  const { hostname, port } = new URL(api);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new LabError(`no API answers at ${api}, and the lab can only start one on this machine`);
  }
  const { directory } = ledger;
  const pidFile = `${directory}/openvnet.pid`;
  const log = `${directory}/openvnet.log`;
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname;
  const args = [
    ...[openvnetProgram, '--listen', `${host}:${port || 80}`, '--store', 'memory', '--openflow', openflow],
    ...['--ovsdb', ovsdb, '--state', `${directory}/agent`],
  ];
  // The shell writes the number down before the program begins; before that its words tell what it will be.
  const script = 'echo $$ >"$1"; log=$2; shift 2; exec "$@" >>"$log" 2>&1';
  const words = ['-c', script, 'sh', pidFile, log, process.execPath, '--disable-warning=ExperimentalWarning', ...args];
  const daemon = { pidFile, marker: `--state ${directory}/agent` };
  const begin = async (): Promise<void> => {
    start('sh', words, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
    for (const deadline = performance.now() + 5000 * patience; processesOf(daemon).length === 0; await sleep(5)) {
      if (performance.now() > deadline) break;
    }
  };
  const known = ledger.has({ kind: 'daemon', pidFile });
  if (!known) await ledger.make({ kind: 'daemon', program: 'openvnet', ...daemon }, begin);
  else if (processesOf(daemon).length === 0) await begin();
  for (const deadline = performance.now() + 20_000 * patience; ; await sleep(30)) {
    if (await answers(client)) return;
    if (processesOf(daemon).length > 0 && performance.now() < deadline) continue;
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('\n  ') : '';
    throw new LabError(`openvnet did not start; the end of ${log}:\n  ${said || '(nothing)'}`);
  }
}
