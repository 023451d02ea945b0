/** What is run on the kernel's datapath, and the lines in which the machine notes how it went. */
import type { Counts } from '../counts.ts';
import type { MachineName } from './machine.ts';

/** In the directory that the machine may write to: the parts to run, a line each, and what came of them. */
export const partsFile = 'parts';
export const resultsFile = 'results';

export const demo = 'demo';

/** The lab tests that concern forwarding, services, guards, filters, translations and restarts, and the demo; each on the fastest machine that can run it. */
export const parts: Readonly<Record<string, MachineName>> = {
  [demo]: 'user-mode',
  'packages/lab/src/lab.lab.test.ts': 'user-mode',
  'packages/openvnet/src/dhcp.lab.test.ts': 'user-mode',
  'packages/openvnet/src/dns.lab.test.ts': 'user-mode',
  'packages/openvnet/src/floods.lab.test.ts': 'user-mode',
  'packages/openvnet/src/guards.lab.test.ts': 'user-mode',
  'packages/openvnet/src/host-stack.lab.test.ts': 'user-mode',
  'packages/openvnet/src/malformed.lab.test.ts': 'user-mode',
  'packages/openvnet/src/outside.lab.test.ts': 'user-mode',
  'packages/openvnet/src/restart.lab.test.ts': 'user-mode',
  // Connection tracking in zones of its own for each interface.
  'packages/openvnet/src/filters.lab.test.ts': 'emulated',
  'packages/openvnet/src/mtu.lab.test.ts': 'emulated',
  'packages/openvnet/src/translations.lab.test.ts': 'emulated',
};

export interface Part extends Counts {
  readonly name: string;
  readonly seconds: number;
}

/** The parts that are asked for by words of their names; all of them by none. */
export function partsNamed(words: readonly string[]): string[] {
  const all = Object.keys(parts);
  const unknown = words.find((word) => !all.some((name) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`no part is called ${unknown}; there are ${all.join(', ')}`);
  return all.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
}

export function lineOf(part: Part): string {
  return `${JSON.stringify(part)}\n`;
}

/** What the machine has noted of the parts; those that it noted nothing of have failed. */
export function readParts(text: string, wanted: readonly string[]): Part[] {
  const said = text.split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as Part] : [];
    } catch {
      // Cut short where the machine was ended.
      return [];
    }
  });
  return wanted.map((name) => said.find((part) => part.name === name) ?? { name, passed: 0, failed: 1, seconds: 0 });
}
