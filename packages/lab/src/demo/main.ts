/** `npm run demo`: the three experiments, step by step, on real namespaces and a real Open vSwitch. */
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { ClientError } from '@openvnet/client';
import { forget, remember } from '../cleanup.ts';
import { labDown, sceneOf } from '../commands.ts';
import { experiments } from '../lab-file.ts';
import { Ledger } from '../ledger.ts';
import { LabError } from '../run.ts';
import { bringUp, defaultRunDirectory } from '../up.ts';
import { oneNetwork, overlappingAddresses, routing } from './experiments.ts';
import { Stage } from './stage.ts';

const intro = `OpenVNet: three experiments of December 2013

  1  one virtual network: two machines that ping each other
  2  a second network with the same addresses: neither sees anything of the other
  3  a logical router between two networks

The machines are network namespaces, ns1 to ns6, each at a port of the bridge br0 of Open vSwitch.`;

const needsRoot = `
From here on this needs root: network namespaces, their devices and the ports of a switch can only be made by root.
Nothing of it touches the network of this machine, and all of it is removed in the end.

  sudo npm run demo`;

const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, 'run-directory': { type: 'string' } },
});
process.exitCode = await main(values.keep, values['run-directory']);

async function main(keep: boolean, given: string | undefined): Promise<number> {
  const write = (text: string): void => void process.stdout.write(text);
  write(`${intro}\n`);
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
    return (await play({ write, runDirectory, keep })) ? 0 : 1;
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

async function play(options: { write: (text: string) => void; runDirectory: string; keep: boolean }): Promise<boolean> {
  const { write, runDirectory, keep } = options;
  const apiPort = await freePort(9090);
  const api = `http://127.0.0.1:${apiPort}`;
  const fancy = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const stage = new Stage({ apiPort, write, fancy });
  stage.heading('The lab');
  if (apiPort !== 9090) stage.say(`  Port 9090 is taken by another program: the API is at port ${apiPort} this time.`);
  const { file, client, vswitches } = await bringUp({
    file: experiments,
    runDirectory,
    api,
    openflow: `127.0.0.1:${await freePort(6633)}`,
    say: (line) => stage.say(`  ${line}`),
  });
  const scene = { stage, client, scene: sceneOf(file) };
  const switched = await oneNetwork(scene);
  await overlappingAddresses(scene);
  await routing(scene, switched);
  const holds = stage.summary();
  if (keep) stage.say(afterwards(api, vswitches[0]!.runDirectory));
  return holds;
}

function afterwards(api: string, switchDirectory: string): string {
  const at = api === 'http://127.0.0.1:9090' ? '' : ` --api ${api}`;
  return `
The lab stays up. To look around:
  npx vnctl${at} status
  npx vnctl${at} interfaces show if-veth1
  npx vnctl lab exec ns1 -- ping -c 3 172.16.2.3
  npx vnctl lab test
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
