/**
 * A fault that people make, as data: how it comes about, what one types first, what the answer has to say, and the command
 * in it that mends it. A test makes each for real; `docs/faults.md` is written from them.
 */
import type { FaultHost } from './host.ts';

export interface Fault {
  /** What is wrong, as a clause: `the port has another name than its interface`. */
  readonly what: string;
  /** What its victim notices: `The guest reaches nobody.` */
  readonly seen: string;
  /** Makes it, on a host where everything works. */
  readonly make: (host: FaultHost) => Promise<unknown>;
  /** The command that somebody types who knows only the symptom. */
  readonly ask: string;
  /** How long the answer may take to say it, where news takes longer than usual. */
  readonly seconds?: number;
  /** What its answer says of cause and object. */
  readonly says: readonly (string | RegExp)[];
  /** What it may not say, because it misleads. */
  readonly silent?: readonly (string | RegExp)[];
  /** The command that the answer prints and that mends it. */
  readonly cure: string;
  /** What the answer prints in its place, where that depends on how the host was set up. */
  readonly prints?: RegExp;
  /** Does what the printed command does, where a test cannot run it as it stands (a device of the host, a service). */
  readonly by?: (host: FaultHost) => Promise<unknown>;
  /** Whether all is well again: a trace between the guests that it concerned arrives, unless something else is given. */
  readonly cured?: (host: FaultHost) => Promise<void>;
}

/** Faults of one area, under a heading of the page. */
export interface FaultGroup {
  readonly title: string;
  readonly faults: readonly Fault[];
}
