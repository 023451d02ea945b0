import type { ObjectStatus } from '@openvnet/model';
import type { ServedDatapath } from '../status/facts.ts';

/** What the behaviour of a kind has found out about one object. */
export interface Findings {
  /** The newest revision of what belongs to it. */
  readonly revision?: number;
  /** Where it has to be in effect; wherever an agent serves a registered datapath unless said. */
  readonly served?: readonly ServedDatapath[];
  readonly on?: ObjectStatus['on'];
  readonly waits_for?: readonly string[];
  readonly notes?: readonly string[];
}

/** What hosts have said of an object: it goes behind what the manager knows by itself. */
export interface Asked {
  /** Sentences that go behind what the object waits for: behind the sentence that begins with `behind`. */
  readonly advice?: readonly { readonly behind: string; readonly says: string }[];
  readonly notes?: readonly string[];
}
