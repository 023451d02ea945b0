import { type Change, ipv4ToText, type RowOf, type UnderlayReport } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Agents } from '../status/agents.ts';
import { seenAs } from '../status/facts.ts';
import { concernsHostAddresses, hostAddresses } from './host-addresses.ts';
import { Settling } from './settling.ts';

type Datapath = RowOf<'datapath'>;

/** Writes down to which address of each host others send, and with what MTU, as agents report it. */
export class Underlays implements Disposable {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #settling: Settling;
  readonly #stop: () => void;

  constructor({ store, agents, logger }: { store: Store; agents: Agents; logger: FastifyBaseLogger }) {
    this.#store = store;
    this.#agents = agents;
    this.#settling = new Settling(
      () => this.#write(),
      (err) => logger.error({ err }, 'the tunnel addresses of hosts could not be written; retrying'),
    );
    this.#stop = store.subscribe(({ changes }) => {
      const present = changes.some(({ kind }) => kind === 'ip_lease') ? this.#present() : new Set<string>();
      const concerns = (change: Change) => change.kind === 'datapath' && change.row !== null;
      if (changes.some((change) => concerns(change) || concernsHostAddresses(change, present))) this.settle();
    });
  }

  /** Something has been reported, or registered, on which an address may depend. */
  settle(): void {
    this.#settling.ask();
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#settling[Symbol.dispose]();
  }

  async #write(): Promise<void> {
    const wanted = await this.#store.read(async (reader) => {
      const leased = await hostAddresses(reader, this.#present());
      const rows = await reader.find('datapath', {});
      return rows.flatMap((row) => this.#wanted(row, leased.get(row.id) ?? []) ?? []);
    });
    if (wanted.length === 0) return;
    const by = { author: 'agents', request: null, message: null };
    await this.#store.transaction(by, async (tx) => {
      for (const { id, ...values } of wanted) if (await tx.get('datapath', id)) await tx.update('datapath', id, values);
    });
  }

  /** The addresses that hosts have. */
  #present(): Set<string> {
    return new Set(this.#agents.all().flatMap(({ underlay }) => underlay?.addresses ?? []));
  }

  /** What is to be written of a datapath; undefined if it is written, or its host has not reported. */
  #wanted(
    row: Datapath,
    leased: readonly string[],
  ): Pick<Datapath, 'id' | 'tunnel_address' | 'underlay_mtu'> | undefined {
    const [{ agent } = {}] = seenAs(row, this.#agents);
    if (!agent?.underlay || agent.held) return undefined;
    const tunnel_address = tunnelAddressOf(row, leased, agent.underlay);
    const underlay_mtu = mtuOf(tunnel_address, agent.underlay);
    if (tunnel_address === row.tunnel_address && underlay_mtu === row.underlay_mtu) return undefined;
    return { id: row.id, tunnel_address, underlay_mtu };
  }
}

/** What the datapath says, or a lease of its host, if the host has that address, and otherwise what the host says. */
function tunnelAddressOf(
  { ipv4_address }: Datapath,
  leased: readonly string[],
  underlay: UnderlayReport,
): string | null {
  const said = [...(ipv4_address === null ? [] : [ipv4ToText(ipv4_address)]), ...leased];
  return said.find((address) => underlay.addresses.includes(address)) ?? underlay.address;
}

function mtuOf(address: string | null, underlay: UnderlayReport): number | null {
  if (address === null || address === underlay.address) return underlay.mtu;
  return underlay.mtus?.[underlay.addresses.indexOf(address)] ?? underlay.mtu;
}
