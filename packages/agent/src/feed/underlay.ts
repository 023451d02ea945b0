import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { UnderlayReport } from '@openvnet/model';

/** How often the addresses of the host are looked at, milliseconds. */
const lookMs = 5000;

export interface UnderlayOptions {
  /** The tunnel address that the host is told to use, if any. */
  readonly tunnelAddress: string | undefined;
  /** The addresses of the host, each with its device; those of this machine unless given. */
  readonly addresses?: ReadonlyMap<string, Device> | undefined;
  readonly onChange: () => void;
}

/** Where an address is. */
export interface Device {
  readonly device: string;
  /** In bytes; null if the kernel does not say. */
  readonly mtu: number | null;
}

/** The addresses of this host, and which of them others send to. */
export class Underlay implements Disposable {
  readonly #options: UnderlayOptions;
  readonly #timer: NodeJS.Timeout;
  /** The address from which this host reaches the manager. */
  #towardsManager: string | undefined;
  #state: UnderlayReport;

  constructor(options: UnderlayOptions) {
    this.#options = options;
    this.#state = this.#look();
    this.#timer = setInterval(() => this.#again(), lookMs).unref();
  }

  get state(): UnderlayReport {
    return this.#state;
  }

  /** The agent is connected to the manager from `address`. */
  connectedFrom(address: string | undefined): void {
    this.#towardsManager = address?.replace(/^::ffff:/, '');
    this.#again();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #again(): void {
    const before = JSON.stringify(this.#state);
    this.#state = this.#look();
    if (JSON.stringify(this.#state) !== before) this.#options.onChange();
  }

  #look(): UnderlayReport {
    const { tunnelAddress } = this.#options;
    const known = this.#options.addresses ?? addressesOfThisHost();
    const address = tunnelAddress ?? this.#towardsManager;
    const found = address === undefined ? undefined : known.get(address);
    const addresses = [...known.keys()].sort();
    const mtus = addresses.map((one) => known.get(one)!.mtu);
    if (found) return { address: address!, addresses, mtus, ...found, problem: null };
    const problem =
      tunnelAddress === undefined ? null : `no device of this host has the tunnel address ${tunnelAddress}`;
    return { address: null, addresses, mtus, mtu: null, problem };
  }
}

/** The addresses of this host that other hosts may reach, each with its device. */
function addressesOfThisHost(): Map<string, Device> {
  const all = Object.entries(networkInterfaces()) as [string, NetworkInterfaceInfo[]][];
  const usable = ({ internal, address }: NetworkInterfaceInfo): boolean => !internal && !/^fe80:/i.test(address);
  return new Map(
    all.flatMap(([device, some]) =>
      some.filter(usable).map(({ address }) => [address, { device, mtu: mtuOf(device) }] as const),
    ),
  );
}

/** In bytes; null if the kernel does not say. */
function mtuOf(device: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) || null;
  } catch {
    return null;
  }
}
