/** TCP, UDP, DHCP and DNS between guests, with packets that are really sent. */
import type { Capture } from './capture.ts';
import type { Check } from './check-text.ts';
import type { Guest } from './guest.ts';
import { patience } from './patience.ts';
import { ended, LabError } from './run.ts';
import { guestOf, type Scene, type Verdict } from './scene.ts';

/** Programs for Node, which take their arguments from the command line: port and name, or address, port and time. */
const scripts = {
  tcp: {
    serve: `const [port, name] = process.argv.slice(1);
      require('node:net').createServer((s) => s.on('error', () => {}).end(name)).listen(port, () => console.log('up'));`,
    ask: `const [host, port, ms] = process.argv.slice(1);
      const s = require('node:net').connect({ host, port, timeout: +ms });
      s.on('data', (d) => { console.log(String(d)); process.exit(0); });
      s.on('timeout', () => process.exit(1)).on('error', (e) => { console.error(e.code); process.exit(1); });`,
  },
  udp: {
    serve: `const [port, name, family] = process.argv.slice(1);
      const s = require('node:dgram').createSocket('udp' + family);
      s.on('message', (_, { port, address }) => s.send(name, port, address)).on('error', () => {});
      s.bind(port, () => console.log('up'));`,
    ask: `const [host, port, ms, family] = process.argv.slice(1);
      const s = require('node:dgram').createSocket('udp' + family);
      s.on('message', (d) => { console.log(String(d)); process.exit(0); }).on('error', (e) => console.error(e.code));
      const send = () => s.send('?', port, host);
      send(); setInterval(send, 300); setTimeout(() => process.exit(1), ms);`,
  },
} as const;

const lookUp = `const [name, server] = process.argv.slice(1);
  const resolver = new (require('node:dns').promises.Resolver)({ timeout: 1500, tries: 2 });
  resolver.setServers([server]);
  resolver.resolve4(name).then((all) => console.log(all.join(' ')), (e) => { console.error(e.code); process.exit(1); });`;

interface Asking {
  readonly from: Guest;
  readonly scene: Scene;
}

/** Whether a program in a guest answers another guest. */
export async function connects(check: Check, asking: Asking): Promise<Verdict> {
  const { reply, servers, error } = await ask(check, { ...asking, timeoutMs: 4000 });
  const names = servers.map(({ name }) => name);
  return {
    holds: names.includes(reply),
    because: reply ? `${reply} answered` : `no answer of ${names.join(', ')}${error}`,
  };
}

/** Whether no program in a guest answers, although packets for it have left. */
export async function doesNotConnect(check: Check, { from, scene }: Asking): Promise<Verdict> {
  const { address } = check;
  const hop = await from.nextHop(address);
  if (hop === undefined)
    return { holds: false, because: `${from.name} could not send anything: no route to ${address}` };
  // A question for the address of the next hop is as good: it is what is sent until somebody answers it.
  const question = hop.includes(':') ? 'icmp6' : `(arp[6:2] = 1 and arp dst host ${hop})`;
  const capture = await from.capture({ filter: `dst host ${address} or ${question}` });
  const { reply, error } = await ask(check, { from, scene, timeoutMs: 1200 });
  const sent = await sentBy(from, capture);
  if (reply) return { holds: false, because: `${reply} answered` };
  if (sent === 0) return { holds: false, because: `${from.name} could not send anything${error}` };
  return { holds: true, because: `no answer to ${sent} packets` };
}

/** Whether DHCP offers a guest this address, or `nothing`. The guest stays as it is. */
export async function gets(from: Guest, address: string): Promise<Verdict> {
  const times = ['-t', '4', '-T', '1', '-A', '1'];
  const args = ['-i', from.device, '-f', '-n', '-q', '-s', '/bin/true', ...times];
  const { stdout, stderr } = await from.exec('udhcpc', args, { mayFail: true });
  const output = `${stdout}${stderr}`;
  const [, leased] = /lease of (\S+) obtained/.exec(output) ?? [];
  const asked = output.match(/broadcasting discover/g)?.length ?? 0;
  if (asked === 0) throw new LabError(`${from.name}: udhcpc: ${output.trim()}`);
  return {
    holds: (leased ?? 'nothing') === address,
    because: leased ? `it gets ${leased}` : `no offer to ${asked} requests`,
  };
}

/** Whether a server of names gives this address for a name, or `nothing`. */
export async function resolves(
  from: Guest,
  asked: { name: string; server: string; address: string },
): Promise<Verdict> {
  const { name, server, address } = asked;
  const { stdout, stderr } = await from.exec(process.execPath, ['-e', lookUp, name, server], { mayFail: true });
  const found = stdout.trim();
  // Only an answer says that there is no such name.
  const isNothing = /^(ENOTFOUND|ENODATA)$/.test(stderr.trim());
  const holds = address === 'nothing' ? isNothing : found.split(' ').includes(address);
  return { holds, because: found || (isNothing ? 'it does not exist' : `no answer: ${stderr.trim()}`) };
}

async function ask(
  { address, transport, at }: Check,
  { from, scene, timeoutMs }: Asking & { timeoutMs: number },
): Promise<{ reply: string; error: string; servers: readonly Guest[] }> {
  const { protocol, port } = transport!;
  const servers = at === undefined ? await holdersOf(address, scene) : [guestOf(scene, at)];
  if (servers.length === 0)
    throw new LabError(`no namespace has the address ${address}; say which one answers: at NAME`);
  const family = address.includes(':') ? '6' : '4';
  const running = await Promise.allSettled(
    servers.map((guest) => serve(guest, [scripts[protocol].serve, `${port}`, guest.name, family])),
  );
  try {
    const failed = running.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    const args = ['-e', scripts[protocol].ask, address, `${port}`, `${timeoutMs * patience}`, family];
    const { stdout, stderr } = await from.exec(process.execPath, args, { mayFail: true });
    return { reply: stdout.trim(), error: stderr.trim() && `: ${stderr.trim()}`, servers };
  } finally {
    for (const one of running) if (one.status === 'fulfilled') await one.value();
  }
}

/** Starts a program that says `up` when it serves; returns what ends it. */
async function serve(guest: Guest, script: readonly string[]): Promise<() => Promise<unknown>> {
  const child = guest.spawn(process.execPath, ['-e', ...script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const over = ended(child, 'ip');
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const up = new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
  const failed = over.then((): never => {
    const [, why] = /Error: (.*)/.exec(stderr) ?? [];
    throw new LabError(`${guest.name} cannot serve: ${why ?? stderr.trim()}`);
  });
  await Promise.race([up, failed]);
  failed.catch(() => {});
  return () => {
    child.kill();
    return over;
  };
}

async function holdersOf(address: string, { guests }: Scene): Promise<Guest[]> {
  const all = await Promise.all(guests.map((guest) => guest.addresses()));
  return guests.filter((_, index) => all[index]!.includes(address));
}

/** How many of the captured frames a guest has sent. */
async function sentBy(guest: Guest, capture: Capture): Promise<number> {
  const mac = await guest.mac();
  const lines = await capture.stop();
  return lines.filter((line) => line.includes(` ${mac} > `)).length;
}
