import type { AgentReason } from '@openvnet/compiler';
import type { Notice } from '@openvnet/model';

/** Failed actions of guests, by interface: the newest for each reason, with its age. Bounded by the number of interfaces. */
export class Notices {
  readonly #kept = new Map<number, Map<AgentReason, { readonly what: string; readonly at: number }>>();

  put(interfaceId: number, reason: AgentReason, what: string, now = performance.now()): void {
    const own = this.#kept.get(interfaceId) ?? new Map();
    this.#kept.set(interfaceId, own.set(reason, { what, at: now }));
  }

  /** Removes an interface that is no longer on the switch. */
  drop(interfaceId: number): void {
    this.#kept.delete(interfaceId);
  }

  /** The notices of one interface, or all. */
  *of(interfaceId?: number, now = performance.now()): Generator<Notice> {
    for (const [id, own] of interfaceId === undefined
      ? this.#kept
      : [[interfaceId, this.#kept.get(interfaceId)] as const])
      for (const { what, at } of own?.values() ?? [])
        yield { interface_id: id, what, seconds_ago: Math.floor((now - at) / 1000) };
  }
}
