import { forget, remember } from './cleanup.ts';
import type { Guest } from './guest.ts';
import type { Ledger } from './ledger.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import { plugDevice } from './plug.ts';
import { PrivateSwitch } from './private-switch.ts';
import { LabError } from './run.ts';
import { makeGuest, portOf, type StationOptions } from './stations.ts';

export interface GuestOptions extends StationOptions {
  readonly bridge: string;
  /** The OpenFlow number that its port should get. */
  readonly ofportRequest?: number;
  readonly externalIds?: Readonly<Record<string, string>>;
}

export interface LabOptions {
  /** Before the names of the namespaces. Fresh unless given, so that labs can be beside each other. */
  readonly prefix?: string;
  /** Where what it makes is written down; the switch's own, where that is a private one. */
  readonly ledger?: Ledger;
  /** Leaves everything to whoever has the ledger. */
  readonly keep?: boolean;
}

/** Namespaces at the ports of a switch. Removed at the end of its scope (`await using`), or by a signal. */
export class Lab {
  readonly vswitch: OpenVSwitch;
  readonly ledger: Ledger;
  readonly guests: Guest[] = [];
  readonly #prefix: string;
  readonly #keep: boolean;
  readonly #made: number[] = [];

  private constructor(vswitch: OpenVSwitch, ledger: Ledger, options: LabOptions) {
    this.vswitch = vswitch;
    this.ledger = ledger;
    this.#prefix = options.prefix ?? `vn${Math.floor(Math.random() * 36 ** 5).toString(36)}-`;
    this.#keep = options.keep ?? false;
  }

  static async create(vswitch: OpenVSwitch, options: LabOptions = {}): Promise<Lab> {
    const ledger = options.ledger ?? (vswitch instanceof PrivateSwitch ? vswitch.ledger : undefined);
    if (!ledger) throw new LabError('a lab on the switch of the system needs a ledger');
    const lab = new Lab(vswitch, ledger, options);
    if (!lab.#keep) remember(lab);
    return lab;
  }

  /** Makes a guest: a namespace, a pair of devices, and the port of the bridge. */
  async namespace(options: GuestOptions): Promise<Guest> {
    const [made] = await this.namespaces([options]);
    return made!;
  }

  /** Makes guests; their ports are added in one transaction for each bridge. */
  async namespaces(wanted: readonly GuestOptions[]): Promise<Guest[]> {
    const made: Guest[] = [];
    for (const options of wanted) made.push(await this.#makeGuest(options));
    for (const bridge of new Set(wanted.map((options) => options.bridge))) {
      const ports = wanted.filter((options) => options.bridge === bridge);
      await this.#addPorts(bridge, ports);
    }
    this.guests.push(...made);
    return made;
  }

  /** A guest by its name. */
  guest(name: string): Guest {
    const found = this.guests.find((guest) => guest.name === name);
    if (found) return found;
    throw new LabError(
      `no namespace is called ${name}; there are ${this.guests.map((guest) => guest.name).join(', ')}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keep) return;
    if (this.vswitch instanceof PrivateSwitch && this.vswitch.pid() !== undefined && this.guests.length > 0) {
      await this.vswitch.deletePorts(...this.guests.map(({ port }) => port));
    }
    for (const number of this.#made.reverse()) await this.ledger.undo(number);
    forget(this);
  }

  async #makeGuest(options: GuestOptions): Promise<Guest> {
    const { ledger } = this;
    const { guest, number } = await makeGuest(options, {
      prefix: this.#prefix,
      ledger,
      link: (made, mac) => plugDevice(this.vswitch, made, mac),
    });
    this.#made.push(number);
    return guest;
  }

  async #addPorts(bridge: string, wanted: readonly GuestOptions[]): Promise<void> {
    const add = (mark?: string): Promise<void> =>
      this.vswitch.addPorts(
        bridge,
        Object.fromEntries(
          wanted.map((options) => [
            portOf(options),
            {
              ...(options.ofportRequest !== undefined && { ofportRequest: options.ofportRequest }),
              ...(options.externalIds && { externalIds: options.externalIds }),
              ...(mark && { portExternalIds: { 'openvnet-lab': mark } }),
            },
          ]),
        ),
      );
    // The database of a private switch goes with it.
    if (this.vswitch instanceof PrivateSwitch) return add();
    const mark = this.ledger.directory;
    const { database } = this.vswitch;
    const remaining = [...wanted];
    const addRecorded = async (): Promise<void> => {
      const next = remaining.shift();
      if (!next) return add(mark);
      const name = portOf(next);
      this.#made.push(await this.ledger.make({ kind: 'port', name, database, mark, outlivesBoot: true }, addRecorded));
    };
    await addRecorded();
  }
}
