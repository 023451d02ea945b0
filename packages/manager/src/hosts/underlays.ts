import { ipv4ToText, type RowOf } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Agent, Agents } from '../status/agents.ts';
import { seenAs } from '../status/facts.ts';
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
      if (changes.some(({ kind, row }) => kind === 'datapath' && row)) this.settle();
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
    const rows = await this.#store.find('datapath', {});
    const wanted = rows.flatMap((row) => this.#wanted(row) ?? []);
    if (wanted.length === 0) return;
    const by = { author: 'agents', request: null, message: null };
    await this.#store.transaction(by, async (tx) => {
      for (const { id, ...values } of wanted) if (await tx.get('datapath', id)) await tx.update('datapath', id, values);
    });
  }

  /** What is to be written of a datapath; undefined if it is written, or its host has not reported. */
  #wanted(row: Datapath): Pick<Datapath, 'id' | 'tunnel_address' | 'underlay_mtu'> | undefined {
    const [{ agent } = {}] = seenAs(row, this.#agents);
    if (!agent?.underlay || agent.held) return undefined;
    const tunnel_address = tunnelAddressOf(row, agent);
    const underlay_mtu = agent.underlay.mtu;
    if (tunnel_address === row.tunnel_address && underlay_mtu === row.underlay_mtu) return undefined;
    return { id: row.id, tunnel_address, underlay_mtu };
  }
}

/** What the datapath says, if its host has that address, and otherwise what the host says. */
function tunnelAddressOf({ ipv4_address }: Datapath, { underlay }: Agent): string | null {
  const own = ipv4_address === null ? undefined : ipv4ToText(ipv4_address);
  return own !== undefined && underlay?.addresses.includes(own) ? own : (underlay?.address ?? null);
}
