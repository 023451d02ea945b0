/** What is run on the kernel's datapath, and the lines in which the machine notes how it went. */
import type { Counts } from '../counts.ts';
import type { MachineName } from './machine.ts';

/** In the directory that the machine may write to: the parts to run, a line each, and what came of them. */
export const partsFile = 'parts';
export const resultsFile = 'results';

export const demo = 'demo';

interface Place {
  readonly machine: MachineName;
  /** How many times as long as usual everything may take there (`OPENVNET_LAB_PATIENCE`). */
  readonly patience: number;
}

const userMode: Place = { machine: 'user-mode', patience: 8 };
const emulated: Place = { machine: 'emulated', patience: 2 };

/**
 * The lab tests that concern forwarding, services, guards, filters, translations, restarts and several hosts, and the
 * demo; each on the fastest machine that can run it.
 */
export const parts: Readonly<Record<string, Place>> = {
  [demo]: userMode,
  'packages/lab/src/lab.lab.test.ts': userMode,
  'packages/openvnet/src/dhcp.lab.test.ts': userMode,
  'packages/openvnet/src/dns.lab.test.ts': userMode,
  'packages/openvnet/src/floods.lab.test.ts': userMode,
  // It listens for a time that patience makes longer, again and again.
  'packages/openvnet/src/guards.lab.test.ts': { ...userMode, patience: 3 },
  'packages/openvnet/src/host-stack.lab.test.ts': { ...userMode, patience: 4 },
  'packages/openvnet/src/hosts.lab.test.ts': userMode,
  'packages/openvnet/src/malformed.lab.test.ts': userMode,
  'packages/openvnet/src/mtu.lab.test.ts': userMode,
  'packages/openvnet/src/outside.lab.test.ts': userMode,
  'packages/openvnet/src/restart.lab.test.ts': userMode,
  // Connection tracking in zones of its own for each interface.
  'packages/openvnet/src/filters.lab.test.ts': emulated,
  'packages/openvnet/src/mtu-filters.lab.test.ts': emulated,
  'packages/openvnet/src/translations.lab.test.ts': emulated,
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
