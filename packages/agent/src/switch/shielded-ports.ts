import { contained } from '@openvnet/model';
import { shieldHost } from './host-shield.ts';
import { dropUnaddressed } from './unaddressed.ts';

/** The ports of a userspace bridge at which the host's own network stack is shielded from guests, with problems. */
export class ShieldedPorts {
  readonly #notes: Set<string>;
  readonly #warn: (note: string) => void;
  /** By port; problems of all ports have no name. */
  readonly #noted = new Map<string, string>();
  readonly #shielded = new Set<string>();
  readonly #due = new Set<string>();

  /** `notes` are those of the bridge; `warn` is called with each new one. */
  constructor(notes: Set<string>, warn: (note: string) => void) {
    this.#notes = notes;
    this.#warn = warn;
  }

  add(port: string): void {
    if (this.#shielded.has(port)) return;
    this.#shielded.add(port);
    this.#note(port, shieldHost(port));
    if (this.#due.size === 0)
      setImmediate(
        contained(
          () => this.#dropUnaddressed(),
          (error) => this.#note('', (error as Error).message),
        ),
      );
    this.#due.add(port);
  }

  remove(port: string): void {
    if (this.#shielded.delete(port)) this.#note(port, undefined);
  }

  /** Once for all ports that appear in one turn, because it starts a program. */
  async #dropUnaddressed(): Promise<void> {
    const ports = [...this.#due];
    this.#due.clear();
    this.#note('', await dropUnaddressed(ports));
  }

  #note(port: string, note: string | undefined): void {
    const before = this.#noted.get(port);
    if (before === note) return;
    if (before !== undefined) this.#notes.delete(before);
    this.#noted.delete(port);
    if (note === undefined) return;
    this.#notes.add(note);
    this.#noted.set(port, note);
    this.#warn(note);
  }
}
