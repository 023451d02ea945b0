import { type Compiler, isElsewhere, standsBy, View } from '@openvnet/compiler';

/**
 * Guests that have been heard on this switch while their interfaces were on other hosts. The switch takes what they send at
 * once, and the manager is told, which then says that the interfaces are here.
 */
export class Arrivals implements Disposable {
  readonly #compiler: Compiler;
  readonly #view: View;
  readonly #unhear: () => void;

  constructor(datapathId: number, compiler: Compiler) {
    this.#compiler = compiler;
    this.#view = new View(datapathId, compiler.relations);
    this.#unhear = compiler.relations.active_interface.onRow(() => this.#forget());
  }

  /** Interfaces that the manager has not moved here yet. */
  get all(): number[] {
    return [...this.#compiler.relations.heard.rows()].map(({ id }) => id);
  }

  /** Notes that the guest of an interface has been heard; false if that changes nothing. */
  add(interfaceId: number): boolean {
    if (!standsBy(this.#view, interfaceId)) return false;
    this.#compiler.relations.heard.set({ id: interfaceId });
    return true;
  }

  /** The interface has no port here any more. */
  drop(interfaceId: number): void {
    this.#compiler.relations.heard.delete(interfaceId);
  }

  [Symbol.dispose](): void {
    this.#unhear();
  }

  /** The manager has moved some: where they leave again, their guests have to be heard again. */
  #forget(): void {
    for (const id of this.all) if (!isElsewhere(this.#view, id)) this.drop(id);
  }
}
