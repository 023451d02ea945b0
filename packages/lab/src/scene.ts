import type { Guest } from './guest.ts';
import { LabError } from './run.ts';

export interface Verdict {
  readonly holds: boolean;
  /** What was seen. */
  readonly because: string;
}

/** What a check needs of the lab: its guests, and which are in the network of which. */
export interface Scene {
  readonly guests: readonly Guest[];
  readonly networkOf: (guest: Guest) => string | undefined;
}

export function guestOf({ guests }: Scene, name: string): Guest {
  const found = guests.find((guest) => guest.name === name);
  if (found) return found;
  throw new LabError(`no namespace is called ${name}`);
}
