/** `npm run demo`: the three experiments or, with `hosts`, networks on three hosts; on real namespaces and a real Open vSwitch. */
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { ClientError } from '@openvnet/client';
import { forget, remember } from '../cleanup.ts';
import { labDown, sceneOf } from '../commands.ts';
import { experiments, hosts } from '../lab-file.ts';
import { Ledger } from '../ledger.ts';
import { LabError } from '../run.ts';
import { bringUp, defaultRunDirectory } from '../up.ts';
import { experimentsPlay } from './experiments.ts';
import { hostsPlay } from './hosts.ts';
import type { Play } from './play.ts';
import { Stage } from './stage.ts';

interface Demo {
  readonly intro: string;
  /** The lab file. */
  readonly file: string;
  readonly play: (play: Play) => Promise<void>;
  /** Commands to look around with. */
  readonly afterwards: readonly string[];
}

const demos: Readonly<Record<string, Demo>> = {
  experiments: {
    intro: `OpenVNet: three experiments of December 2013

  1  one virtual network: two machines that ping each other
  2  a second network with the same addresses: neither sees anything of the other
  3  a logical router between two networks

The machines are network namespaces, ns1 to ns6, each at a port of the bridge br0 of Open vSwitch.`,
    file: experiments,
    play: experimentsPlay,
    afterwards: ['interfaces show if-veth1', 'lab exec ns1 -- ping -c 3 172.16.2.3', 'lab test'],
  },
  hosts: {
    intro: `OpenVNet: networks on three hosts

  1  a network on three hosts, in tunnels over two underlay networks with a router between them
  2  a second network with the same addresses: neither sees anything of the other
  3  a logical router between two networks
  4  DHCP and DNS
  5  a network outside, at an uplink of one host
  6  a host that is cut off
  7  a guest that moves to another host

The hosts are network namespaces, h1 to h3, each with an Open vSwitch and an agent of its own.`,
    file: hosts,
    play: hostsPlay,
    afterwards: ['interfaces show if-red1', 'lab exec red1 -- ping -c 3 10.0.1.3', 'lab exec h1 -- ovs-vsctl show'],
  },
};

const needsRoot = `
From here on this needs root: network namespaces, their devices and the ports of a switch can only be made by root.
Nothing of it touches the network of this machine, and all of it is removed in the end.

  sudo npm run demo`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false }, 'run-directory': { type: 'string' } },
});
process.exitCode = await main(positionals[0] ?? 'experiments', values.keep, values['run-directory']);

async function main(name: string, keep: boolean, given: string | undefined): Promise<number> {
  const write = (text: string): void => void process.stdout.write(text);
  const demo = demos[name];
  if (!demo) {
    process.stderr.write(`demo: no demo is called ${name}; there are ${Object.keys(demos).join(', ')}\n`);
    return 2;
  }
  write(`${demo.intro}\n`);
  if (process.getuid?.() !== 0) {
    write(`${needsRoot}\n`);
    return 1;
  }
  const runDirectory = given ?? defaultRunDirectory();
  const ending = { [Symbol.asyncDispose]: () => labDown({ runDirectory, say: () => {} }) };
  let mayRemove = false;
  try {
    if (Ledger.find(runDirectory)) throw new LabError('a lab is up already; end it first: npx vnctl lab down');
    remember(ending);
    mayRemove = true;
    return (await play(demo, { write, runDirectory, keep })) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof LabError || error instanceof ClientError)) throw error;
    process.stderr.write(`demo: ${error instanceof ClientError ? error.inFull : error.message}\n`);
    return 1;
  } finally {
    if (mayRemove && !keep) {
      await labDown({ runDirectory, say: () => {} });
      write('Everything that the demo made has been removed.\n');
    }
    forget(ending);
  }
}

async function play(
  demo: Demo,
  options: { write: (text: string) => void; runDirectory: string; keep: boolean },
): Promise<boolean> {
  const { write, runDirectory, keep } = options;
  const apiPort = await freePort(9090);
  const api = `http://127.0.0.1:${apiPort}`;
  const fancy = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const stage = new Stage({ apiPort, write, fancy });
  stage.heading('The lab');
  if (apiPort !== 9090) stage.say(`  Port 9090 is taken by another program: the API is at port ${apiPort} this time.`);
  const { file, client, vswitches } = await bringUp({
    file: demo.file,
    runDirectory,
    api,
    openflow: `127.0.0.1:${await freePort(6633)}`,
    say: (line) => stage.say(`  ${line}`),
  });
  await demo.play({ stage, client, scene: sceneOf(file), file, runDirectory });
  const holds = stage.summary();
  if (keep) stage.say(afterwards(demo, api, vswitches[0]!.runDirectory));
  return holds;
}

function afterwards(demo: Demo, api: string, switchDirectory: string): string {
  const at = api === 'http://127.0.0.1:9090' ? '' : ` --api ${api}`;
  const own = demo.afterwards.map((words) => `  npx vnctl${words.startsWith('lab') ? '' : at} ${words}`);
  return `
The lab stays up. To look around:
  npx vnctl${at} status
${own.join('\n')}
  OVS_RUNDIR=${switchDirectory} ovs-ofctl -O OpenFlow13 dump-flows br0
To end it:
  npx vnctl lab down`;
}

/** `wanted`, or any other where that is taken. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => (wanted === 0 ? reject(new LabError('no port is free')) : resolve(freePort(0))));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : wanted));
    });
  });
}
