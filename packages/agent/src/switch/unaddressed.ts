/**
 * With the userspace datapath, the host's own network stack also receives the frames of a port, and accepts broadcasts from
 * 0.0.0.0 without a route lookup. No kernel setting keeps them from the host's sockets, but a `tc` filter on the device
 * does; Open vSwitch reads frames before that filter.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Classic BPF on a frame: IPv4 from 0.0.0.0 is dropped (TC_ACT_SHOT), all else goes on (TC_ACT_UNSPEC). */
const program = ['40 0 0 12', '21 0 3 2048', '32 0 0 26', '21 0 1 0', '6 0 0 2', `6 0 0 ${0xffff_ffff}`];
const bytecode = [program.length, ...program].join(',');
/** Preference of the filter, after filters of other programs. */
const preference = 49_000;
const timeoutMs = 10_000;

/** Keeps IPv4 packets from 0.0.0.0 at these devices from the host's stack; returns why this failed, in words. */
export async function dropUnaddressed(devices: readonly string[]): Promise<string | undefined> {
  const here = devices.filter((name) => /^[\w.:+@-]+$/.test(name) && existsSync(`/sys/class/net/${name}`));
  if (here.length === 0) return undefined;
  const commands = here.flatMap((name) => [
    `qdisc replace dev ${name} clsact`,
    `filter replace dev ${name} ingress protocol ip pref ${preference} handle 1 bpf da bytecode "${bytecode}"`,
  ]);
  const why = await tc(commands.join('\n'));
  return why === undefined ? undefined : `guests that send from 0.0.0.0 may reach sockets of the host: ${why}`;
}

/** Runs `tc` commands independently of each other; returns why one failed. A vanished device is not a failure. */
function tc(commands: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('tc', ['-force', '-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'], timeout: timeoutMs });
    let said = '';
    child.on('error', ({ message }: Error) =>
      resolve(`tc could not be run: ${message}. Use: apt-get install iproute2`),
    );
    child.stdin.on('error', () => {});
    child.stderr.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 1000) said += text;
    });
    child.on('close', (code) => {
      const lines = said.split('\n').filter((line) => line !== '' && !/^Cannot find device|^Command failed/.test(line));
      resolve(code === 0 || lines.length === 0 ? undefined : `tc failed: ${lines[0]}`);
    });
    child.stdin.end(`${commands}\n`);
  });
}
