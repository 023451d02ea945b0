import { conflicts, faultyObjects } from '@openvnet/compiler';
import { type Bound, contained, type Report, type ToManager, type Waiting } from '@openvnet/model';
import type { Logger } from 'pino';
import type { Switches } from '../switch/switches.ts';
import { PortsTold } from './ports-told.ts';
import type { Slice } from './slice.ts';
import type { Underlay } from './underlay.ts';

/** Delay before a failed report is retried, in milliseconds. */
const retryMs = 1000;

export interface ReporterOptions {
  readonly slice: Slice;
  readonly switches: Switches;
  readonly underlay: Pick<Underlay, 'state'>;
  /** Sends to the manager; returns whether it is connected. */
  readonly send: (message: ToManager) => boolean;
  readonly log: Logger;
}

/**
 * Reports the state of the switches to the manager: the acknowledged revision, the ports of interfaces, and what objects
 * wait for. Sends changes since the last report as soon as they occur.
 */
export class Reporter {
  readonly #slice: Slice;
  readonly #switches: Switches;
  readonly #underlay: Pick<Underlay, 'state'>;
  readonly #send: (message: ToManager) => boolean;
  readonly #log: Logger;
  #scheduled = false;
  /** The parts that the manager has; empty if it has none. */
  #sent = new Map<string, string>();
  /** The last reported location of each interface: its datapaths, each with the report. */
  readonly #bound = new Map<string, Bound>();
  #datapaths: ReadonlySet<number> = new Set();
  readonly #ports: PortsTold;
  #tellsPorts = false;
  /** State of the ports that the manager was told of last. */
  #portsAt: number | undefined;

  constructor({ slice, switches, underlay, send, log }: ReporterOptions) {
    this.#log = log;
    this.#slice = slice;
    this.#switches = switches;
    this.#underlay = underlay;
    this.#send = send;
    this.#ports = new PortsTold(switches.ovsdb);
  }

  /** Whether the manager is told of the ports, as it needs where there are several hosts. */
  tellPorts(tells: boolean): void {
    this.#tellsPorts = tells;
  }

  /** Schedules a report. */
  touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const due = (): void => {
      this.#scheduled = false;
      this.#report();
    };
    setImmediate(contained(due, (error) => this.#failed(error)));
  }

  /** Reports everything again, for a new or reconnected manager. */
  restart(): void {
    this.#sent = new Map();
    this.touch();
  }

  /** What it may have taken in without telling is told again with everything else. */
  #failed(err: unknown): void {
    this.#log.error({ err }, 'a report to the manager failed and will be retried');
    this.#sent = new Map();
    setTimeout(() => this.touch(), retryMs).unref();
  }

  #report(): void {
    const whole = this.#sent.size === 0;
    const { set, gone } = this.#boundChanges();
    const report: Report = {
      type: 'report',
      revision: this.#revision(),
      problem: this.#switches.problem,
      ...this.#changed('bridges', this.#switches.report()),
      ...this.#changed('waiting', this.#waiting()),
      ...this.#changed('underlay', this.#underlay.state),
      ...(this.#tellsPorts && this.#portsReport(whole)),
      ...this.#changed('heard', this.#heard()),
      ...(whole
        ? { bound: { set: [...this.#bound.values()], gone: [], whole } }
        : set.length + gone.length > 0 && { bound: { set, gone, whole } }),
    };
    const text = JSON.stringify(report);
    if (!whole && text === this.#sent.get('report')) return;
    if (!this.#send(report)) {
      this.#sent = new Map();
      return;
    }
    this.#sent.set('report', text);
  }

  /** What every switch that is served has acknowledged. */
  #revision(): number {
    const revisions = this.#switches.served().map(({ revision }) => revision ?? 0);
    return Math.min(this.#slice.revision, ...revisions);
  }

  #heard(): [number, number][] {
    return this.#switches
      .served()
      .flatMap(({ datapathId, arrivals }) => arrivals.all.map((id): [number, number] => [id, datapathId]));
  }

  #changed<N extends 'bridges' | 'waiting' | 'underlay' | 'heard'>(
    name: N,
    value: NonNullable<Report[N]>,
  ): { [K in N]?: NonNullable<Report[N]> } {
    const text = JSON.stringify(value);
    if (this.#sent.get(name) === text) return {};
    this.#sent.set(name, text);
    return { [name]: value } as { [K in N]: NonNullable<Report[N]> };
  }

  /** All ports are looked through only where one has changed. */
  #portsReport(whole: boolean): Pick<Report, 'ports'> {
    const { portChanges } = this.#switches;
    if (whole) {
      this.#portsAt = portChanges;
      return { ports: this.#ports.whole() };
    }
    if (this.#portsAt === portChanges) return {};
    this.#portsAt = portChanges;
    const ports = this.#ports.changes();
    return ports ? { ports } : {};
  }

  #boundChanges(): { set: Bound[]; gone: [number, number][] } {
    const set: Bound[] = [];
    const gone: [number, number][] = [];
    const served = this.#switches.served();
    for (const { datapathId, changedInterfaces, compiler } of served) {
      for (const id of changedInterfaces) {
        const key = `${id} ${datapathId}`;
        const row = compiler.relations.binding.get(id);
        if (row) {
          const { port_name, port, uplink } = row;
          const state = port_name === null ? undefined : this.#switches.port(datapathId, port_name);
          const bound: Bound = {
            ...{ interface_id: id, datapath_id: datapathId, port_name, port_number: uplink ?? port },
            ...{ link: state?.linkState ?? null, admin: state?.adminState ?? null },
          };
          this.#bound.set(key, bound);
          set.push(bound);
        } else if (this.#bound.delete(key)) gone.push([id, datapathId]);
      }
      changedInterfaces.clear();
    }
    const datapaths = new Set(served.map(({ datapathId }) => datapathId));
    const left = [...this.#datapaths].some((id) => !datapaths.has(id));
    this.#datapaths = datapaths;
    // All interfaces are examined only if a switch has left.
    for (const [key, { interface_id, datapath_id }] of left ? this.#bound : []) {
      if (datapaths.has(datapath_id)) continue;
      this.#bound.delete(key);
      gone.push([interface_id, datapath_id]);
    }
    return { set, gone };
  }

  #waiting(): Waiting[] {
    const waits = this.#switches
      .served()
      .flatMap(({ compiler }) => [...compiler.waits(), ...faultyObjects(compiler), ...conflicts(compiler)]);
    const texts = new Map(
      waits.map(({ kind, id, reason }) => [`${kind} ${id} ${reason}`, { kind, id, reason: `waits for ${reason}` }]),
    );
    return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, wait]) => wait);
  }
}
