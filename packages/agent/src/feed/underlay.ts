import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { UnderlayReport } from '@openvnet/model';

/** How often the addresses of the host are looked at, milliseconds. */
const lookMs = 5000;

export interface UnderlayOptions {
  /** The tunnel address that the host is told to use, if any. */
  readonly tunnelAddress: string | undefined;
  readonly onChange: () => void;
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
    const devices = devicesByAddress();
    const address = tunnelAddress ?? this.#towardsManager;
    const device = address === undefined ? undefined : devices.get(address);
    const addresses = [...devices.keys()].sort();
    if (device !== undefined) return { address: address!, addresses, device, mtu: mtuOf(device), problem: null };
    const problem =
      tunnelAddress === undefined ? null : `no device of this host has the tunnel address ${tunnelAddress}`;
    return { address: null, addresses, mtu: null, problem };
  }
}

/** The addresses of the host that other hosts may reach, each with its device. */
function devicesByAddress(): Map<string, string> {
  const all = Object.entries(networkInterfaces()) as [string, NetworkInterfaceInfo[]][];
  const usable = ({ internal, address }: NetworkInterfaceInfo): boolean => !internal && !/^fe80:/i.test(address);
  return new Map(all.flatMap(([device, some]) => some.filter(usable).map(({ address }) => [address, device] as const)));
}

/** In bytes; null if the kernel does not say. */
function mtuOf(device: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) || null;
  } catch {
    return null;
  }
}
