import type { HostsAnswer, Kind, ObjectStatus, RowOf, SystemStatus } from '@openvnet/model';
import { kinds, resourceOf, shell } from '@openvnet/model';
import type { Reader, Store } from '@openvnet/store';
import type { Asked } from '../behaviours/findings.ts';
import { allowedAddresses } from '../behaviours/interface-findings.ts';
import { behaviourOf } from '../behaviours/registry.ts';
import { hostsOf, problemsOf } from '../hosts/hosts.ts';
import type { Agent, Agents } from './agents.ts';
import { packetsOf, refusedFrames } from './asked.ts';
import { type Claim, hostOf } from './claims.ts';
import {
  digitsOf,
  type Facts,
  gatherFacts,
  type Hosts,
  registration,
  seenAs,
  startOf,
  unregisteredBridges,
} from './facts.ts';
import { judge } from './judge.ts';
import { WaitingRoom } from './waiting-room.ts';

/** How much is judged at once; between two portions others get their turn. */
const portion = 500;

/** Answers what is in effect and what is not, for one object and for everything. */
export class Reports implements Disposable {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #room: WaitingRoom;
  readonly #about: { version: string; startedAt: string };
  /** Where this manager can be reached; known once it listens. */
  url = '';
  /** What operators should know of the manager itself. */
  notes: readonly string[] = [];

  constructor(store: Store, agents: Agents, version: string) {
    this.#store = store;
    this.#agents = agents;
    this.#room = new WaitingRoom(store, agents, (work) => this.#withFacts(work));
    this.#about = { version, startedAt: new Date().toISOString() };
  }

  /** The status of one object, with what its hosts say when they are asked. */
  async statusOf<K extends Kind>(kind: K, row: RowOf<K>): Promise<ObjectStatus> {
    const [judged] = await this.#withFacts((facts) => judge(facts, kind, [row]));
    const { status } = judged!;
    const [asked] = (await behaviourOf(kind).askHosts?.(this.#hosts, [row])) ?? [];
    return withAsked(status, asked);
  }

  /** The status of each object, as the manager knows it without asking a host. */
  async statusesOf<K extends Kind>(kind: K, rows: readonly RowOf<K>[]): Promise<ObjectStatus[]> {
    return (await this.#withFacts((facts) => judge(facts, kind, rows))).map(({ status }) => status);
  }

  /** The status as soon as the object is in effect at `revision`, or after `waitSeconds`; undefined when it is gone. */
  waitFor(
    what: { kind: Kind; id: number; revision: number },
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<ObjectStatus | undefined> {
    return this.#room.wait(what, waitSeconds * 1000, signal);
  }

  async hosts(): Promise<HostsAnswer> {
    return {
      revision: this.#store.revision,
      hosts: await this.#withFacts(async (facts) => hostsOf(facts, this.#store.revision)),
    };
  }

  /** What else there is to say of an object. */
  async detailsOf<K extends Kind>(kind: K, row: RowOf<K>): Promise<string[]> {
    return this.#withFacts(async (facts) => (await behaviourOf(kind).describe?.(facts, row)) ?? []);
  }

  async everything(): Promise<SystemStatus> {
    const agents = this.#agents.all();
    const [refused, packets] = await Promise.all([
      refusedFrames(
        this.#agents,
        agents.filter(({ held }) => !held),
      ),
      packetsOf(this.#agents, agents),
    ]);
    const unrealised = await this.#unrealised();
    const datapaths = await this.#withFacts(datapathsOf);
    const { version, startedAt } = this.#about;
    return {
      manager: {
        version,
        pid: process.pid,
        store: this.#store.id,
        revision: this.#store.revision,
        started_at: startedAt,
        notes: [...this.notes, ...faultOf(this.#store)],
      },
      agents: agents.map((agent) => ({
        node: agent.node,
        hostname: agent.hello.hostname,
        address: agent.address,
        pid: agent.hello.pid,
        version: agent.hello.version,
        connected: agent.connection !== undefined,
        since: agent.since,
        revision: agent.revision,
        problem: agent.problem,
        notes: [
          ...problemsOf(agent, { url: this.url }),
          ...this.#otherVersion(agent),
          ...this.#agents.claims.rivalsOf(agent.node).map((rival) => whoElse(agent, rival)),
        ],
      })),
      packets,
      datapaths,
      unrealised,
      refused: await this.#store.read((reader) => refusedOf(reader, refused)),
    };
  }

  [Symbol.dispose](): void {
    this.#room[Symbol.dispose]();
  }

  get #hosts(): Hosts {
    return { store: this.#store, agents: this.#agents, facts: (work) => this.#withFacts(work) };
  }

  #withFacts<T>(work: (facts: Facts) => Promise<T>): Promise<T> {
    return this.#store.read(async (reader) => work(await gatherFacts(reader, this.#agents, this.url)));
  }

  /** Agents of other versions do what both versions know. */
  #otherVersion({ node, hello, connection }: Agent): string[] {
    const { version } = this.#about;
    if (!connection || hello.version === version) return [];
    const use = startOf({ url: this.url }, node);
    return [
      `has version ${hello.version}, but the manager has version ${version}, so it does only what both versions know. Install version ${version} on ${hello.hostname} and start the agent again. Use: ${use}`,
    ];
  }

  async #unrealised(): Promise<SystemStatus['unrealised']> {
    const unrealised: SystemStatus['unrealised'][number][] = [];
    for (const kind of kinds.filter((one) => resourceOf(one).idPrefix)) {
      for (let offset = 0; ; offset += portion) {
        const { rows, waiting } = await this.#withFacts(async (facts) => {
          const rows = await facts.reader.find(kind, {}, { limit: portion, offset });
          const judged = await judge(facts, kind, rows);
          return {
            rows,
            waiting: rows.flatMap((row, i) => (judged[i]!.status.realised ? [] : [{ row, ...judged[i]! }])),
          };
        });
        const asked =
          waiting.length > 0 &&
          (await behaviourOf(kind).askHosts?.(
            this.#hosts,
            waiting.map(({ row }) => row),
          ));
        for (const [i, { row, status }] of waiting.entries()) {
          const { waits_for } = withAsked(status, asked ? asked[i] : undefined);
          unrealised.push({ uuid: row.uuid, waits_for });
        }
        if (rows.length < portion) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return unrealised;
  }
}

/** What an object waits for, with what its hosts say: advice stands behind the sentence that it belongs to. */
function withAsked(status: ObjectStatus, asked: Asked | undefined): ObjectStatus {
  if (!asked) return status;
  const waits = status.waits_for.map((reason) =>
    [reason, asked.advice?.find(({ behind }) => reason.startsWith(behind))?.says].filter(Boolean).join('. '),
  );
  return { ...status, waits_for: waits, notes: [...status.notes, ...(asked.notes ?? [])] };
}

/** What keeps the store from being written. */
function faultOf({ fault }: Store): string[] {
  return fault ? [`${fault.message}: objects cannot be changed; what is in effect stays. Use: ${fault.use}`] : [];
}

/** That another agent says the name of this one, and what to do. */
function whoElse(agent: Agent, rival: Claim): string {
  const other = shell`vna --node-id ${`${agent.node}-2`}`;
  return `${hostOf(rival)} also claims to be ${agent.node} and waits until ${hostOf(agent)} disconnects. If both are yours, start one with another name. Use: ${other}`;
}

async function refusedOf(reader: Reader, refused: ReadonlyMap<number, number>): Promise<SystemStatus['refused']> {
  const found: SystemStatus['refused'][number][] = [];
  for (const [id, frames] of refused) {
    const row = frames > 0 ? await reader.get('interface', id) : undefined;
    if (row) found.push({ interface_uuid: row.uuid, frames, allowed: await allowedAddresses(reader, row) });
  }
  return found;
}

async function datapathsOf(facts: Facts): Promise<SystemStatus['datapaths']> {
  const judged = await judge(facts, 'datapath', facts.datapaths);
  const registered = facts.datapaths.flatMap((datapath, i): SystemStatus['datapaths'][number][] => {
    const seen = seenAs(datapath, facts.agents);
    const { uuid, tunnel_address } = datapath;
    const common = { uuid, dpid: `0x${datapath.dpid}`, tunnel_address, register: null };
    const { status } = judged[i]!;
    if (seen.length === 0) {
      const nothing = {
        bridge: null,
        node: null,
        connection: null,
        ports: null,
        flows: null,
        revision: null,
        self_check: null,
      };
      return [{ ...common, ...nothing, notes: status.waits_for }];
    }
    return seen.map(({ agent, bridge }) => ({
      ...common,
      ...shownOf(agent, bridge),
      notes: [...bridge.notes, ...(bridge.problem ? [bridge.problem] : []), ...status.notes],
    }));
  });
  const others = unregisteredBridges(facts).map(({ agent, bridge }) => ({
    uuid: null,
    tunnel_address: null,
    dpid: `0x${digitsOf(bridge.dpid)}`,
    ...shownOf(agent, bridge),
    notes: [...bridge.notes, ...(bridge.problem ? [bridge.problem] : [])],
    register: registration(facts, agent, bridge),
  }));
  return [...registered, ...others];
}

function shownOf({ node }: Agent, report: Agent['bridges'][number]) {
  const { name, connection, ports, flows, revision, self_check = null } = report;
  return { bridge: name, node, connection, ports, flows, revision, self_check };
}
