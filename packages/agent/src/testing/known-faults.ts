/** What the faults of the original are shown with: a host that serves everything, and the wires at its ports. */
import { type Host, textOf } from './host.ts';
import { populated, station } from './populated.ts';
import { broadcast, type Wires } from './wires.ts';

export interface Scene {
  readonly host: Host;
  readonly wires: Wires;
}

/** By the number of the fault: what is right, and what shows that it is so here. */
export type Faults = Readonly<Record<number, readonly [right: string, shown: (scene: Scene) => Promise<void>]>>;

export type Form = Readonly<Record<string, string>>;

/** What is heard where nothing is. */
export const nothing = {};
export const [one, two, three, five, six] = [
  station('if-1'),
  station('if-2'),
  station('if-3'),
  station('if-5'),
  station('if-6'),
];

export async function call(
  { host }: Scene,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  form: Form = {},
): Promise<void> {
  await host.api(method, path, form);
  await host.settled({ complete: false });
}

export const flowsOf = async ({ host }: Scene): Promise<string[]> => (await host.flows()).map(textOf);

/** The flows in which a text stands, as Open vSwitch prints them. */
export async function flowsWith({ host }: Scene, ...texts: string[]): Promise<string[]> {
  const lines = await host.vswitch.flows('br0');
  return lines.filter((line) => texts.some((text) => line.includes(text)));
}

/** Who hears a broadcast of a guest. */
export async function hearers({ wires }: Scene, port: string, from: ReturnType<typeof station>): Promise<string[]> {
  return Object.keys(await wires.send(port, broadcast(from)));
}

/** Does what shows that a fault is not here, on a host of its own; throws what manager and agent had to warn about. */
export async function show([, shown]: Faults[number]): Promise<void> {
  const scene = await populated();
  await using host = scene.host;
  await shown(scene);
  if (host.complaints.length > 0) throw new Error(host.complaints.join(''));
}
