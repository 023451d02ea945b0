/**
 * Which agent may speak for a node, where several say the same name. The agent that has the name keeps it while its connection is
 * alive; others wait on theirs, so that nobody connects in a loop, and get the name when it is free. Agents have no credentials:
 * the machine that an agent says it runs on and the address that it connects from tell a restarted agent from one elsewhere.
 */
import type { ToManager } from '@openvnet/model';

type Hello = Extract<ToManager, { type: 'hello' }>;

/** An agent's connection that says a node name. */
export interface Claim {
  readonly hello: Hello;
  /** The address that it connects from. */
  readonly address: string;
  /** When it said so, in milliseconds since 1970. */
  readonly since: number;
  /** Whether the other end answers. */
  isAlive(): Promise<boolean>;
  close(code: number, reason: string): void;
  /** Ends the connection without a word: the other end is dead. */
  terminate(): void;
  /** The name is its own from now on. */
  granted(): void;
  /** It has to wait, for this reason. */
  waits(reason: string): void;
}

export interface ClaimLimits {
  /** How long a name is kept for the machine whose agent has gone, in milliseconds. */
  readonly reservedMs: number;
  /** Most agents that may wait for one name. */
  readonly rivals: number;
}

interface Name {
  holder: Claim | undefined;
  /** Who had it last, until `reservedMs` after it went. */
  last: Claim | undefined;
  timer: NodeJS.Timeout | undefined;
  rivals: Claim[];
}

export const closings = { replaced: 4001, taken: 4002 } as const;

export class Claims implements Disposable {
  readonly #names = new Map<string, Name>();
  readonly #limits: ClaimLimits;

  constructor({ reservedMs = 30_000, rivals = 8 }: Partial<ClaimLimits> = {}) {
    this.#limits = { reservedMs, rivals };
  }

  /** Agents that wait for a name which another one has. */
  rivalsOf(node: string): readonly Claim[] {
    return this.#names.get(node)?.rivals ?? [];
  }

  take(claim: Claim): void {
    const { node } = claim.hello;
    const name = this.#names.get(node) ?? { holder: undefined, last: undefined, timer: undefined, rivals: [] };
    this.#names.set(node, name);
    const { holder, last } = name;
    if (holder && isRestartOf(claim, holder)) {
      this.#grant(name, claim);
      holder.close(closings.replaced, `replaced by a newer agent of the same host (pid ${claim.hello.pid})`);
    } else if (!holder && (!last || isSameHost(claim, last))) this.#grant(name, claim);
    else if (name.rivals.length >= this.#limits.rivals) claim.close(closings.taken, `node ${node} has another agent`);
    else {
      name.rivals.push(claim);
      claim.waits(whyItWaits(claim, holder ?? last!));
      this.#challenge(holder).catch(() => holder?.terminate());
    }
  }

  /** The connection of a claim has ended. */
  leave(claim: Claim): void {
    const name = this.#names.get(claim.hello.node);
    if (!name) return;
    name.rivals = name.rivals.filter((one) => one !== claim);
    if (name.holder !== claim) return;
    name.holder = undefined;
    name.last = claim;
    name.timer = setTimeout(() => this.#release(claim.hello.node, name), this.#limits.reservedMs).unref();
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#names.values()) clearTimeout(timer);
    this.#names.clear();
  }

  #grant(name: Name, claim: Claim): void {
    clearTimeout(name.timer);
    Object.assign(name, { holder: claim, last: undefined, rivals: name.rivals.filter((one) => one !== claim) });
    claim.granted();
  }

  #release(node: string, name: Name): void {
    name.last = undefined;
    const [next] = name.rivals;
    if (next) this.#grant(name, next);
    else this.#names.delete(node);
  }

  /** Ends the connection of a holder that does not answer any more, such as one of a host without power. */
  async #challenge(holder: Claim | undefined): Promise<void> {
    if (holder && !(await holder.isAlive())) holder.terminate();
  }
}

/** How an agent is named to people. */
export function hostOf({ hello: { hostname, pid }, address }: Pick<Claim, 'hello' | 'address'>): string {
  return `${hostname} (${address}, pid ${pid})`;
}

function whyItWaits({ hello: { node } }: Claim, holder: Claim): string {
  return `node ${node} is in use by the agent of ${hostOf(holder)}; this agent waits until that one disconnects. If both hosts are yours, start one with another name. Use: vna --node-id NAME`;
}

/** Of two agents of one host the one that was started later counts, so that they do not replace each other in turn. */
function isRestartOf(claim: Claim, holder: Claim): boolean {
  const [earlier, later] = [holder.hello.started_at, claim.hello.started_at];
  const isSaid = claim.hello.machine !== undefined && holder.hello.machine !== undefined;
  return isSaid && isSameHost(claim, holder) && earlier !== undefined && later !== undefined && later >= earlier;
}

/** Whether two agents run on one host. Agents of older versions do not say on which machine. */
export function isSameHost(a: Pick<Claim, 'hello' | 'address'>, b: Pick<Claim, 'hello' | 'address'>): boolean {
  if (a.address !== b.address) return false;
  const [one, other] = [a.hello.machine, b.hello.machine];
  return one !== undefined && other !== undefined ? one === other : a.hello.hostname === b.hello.hostname;
}
