import { configuration, type SwitchConnection } from '@openvnet/openflow';
import type { Logger } from 'pino';
import { countFlows, countLearned, totalOf } from './flows.ts';
import { mendMeters } from './meters.ts';
import type { ServedSwitch } from './served-switch.ts';

/** Rounds from one table that is compared whole to the next: of a switch that tells of its flows, and of one that cannot. */
const roundsBetweenTables = { monitored: 15, unmonitored: 1 };
/** What another program has changed is logged at most this often, milliseconds. */
const logMs = 10_000;
const allGroups = 0xffff_fffc;

/** What is remembered of a switch from one round to the next. */
interface Watched {
  /** By how many flows it differs from what it should hold though it was read back: flows that it does not show. */
  hidden: number;
  round: number;
  /** The table that was compared last. */
  table: number;
  /** When changes by another program were last logged, and how many there were then. */
  logged: { readonly at: number; readonly changes: number };
}

/**
 * Looks at regular intervals for what another program has changed in the switches and they do not tell of by themselves,
 * and puts it back: how fragments are matched, meters, groups, the number of flows; and table by table all flows.
 */
export class TamperingChecks {
  readonly #log: Logger;
  readonly #watched = new WeakMap<ServedSwitch, Watched>();
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Looks at each switch in turn; does nothing while the last round is still at work. */
  look(switches: readonly ServedSwitch[]): void {
    this.#running ??= this.#round(switches).finally(() => {
      this.#running = undefined;
    });
  }

  async #round(switches: readonly ServedSwitch[]): Promise<void> {
    for (const served of switches) {
      const watched = this.#watched.get(served) ?? {
        hidden: 0,
        round: 0,
        table: -1,
        logged: { at: -logMs, changes: 0 },
      };
      this.#watched.set(served, watched);
      try {
        const { connection } = served;
        if (connection && served.flowCount !== null && !served.busy) await this.#look(served, connection, watched);
      } catch (error) {
        if (served.connection) this.#log.warn({ datapath: served.dpid, err: error }, 'the switch could not be checked');
      }
      this.#tell(served, watched);
    }
  }

  async #look(served: ServedSwitch, connection: SwitchConnection, watched: Watched): Promise<void> {
    if (await restoreConfiguration(connection)) served.noteTampering('fragment settings', 1);
    const groups = await connection.groups();
    if (groups.length > 0) {
      connection.send({ type: 'group_mod', command: 'delete', group_type: 'all', group: allGroups });
      served.noteTampering('groups', groups.length);
    }
    // While flows are being changed, whoever does that sees to the meters.
    const meters = served.busy ? 0 : await mendMeters(connection);
    if (meters) served.noteTampering('meters', meters);
    const counts = await countFlows(connection);
    await this.#checkCount(served, connection, totalOf(counts), watched);
    const pause = served.monitored ? roundsBetweenTables.monitored : roundsBetweenTables.unmonitored;
    if (++watched.round % pause !== 0) return;
    const tables = [...counts.keys()].sort((a, b) => a - b);
    watched.table = tables.find((table) => table > watched.table) ?? tables[0] ?? -1;
    if (watched.table >= 0) served.compareTable(watched.table);
  }

  async #checkCount(
    served: ServedSwitch,
    connection: SwitchConnection,
    total: number,
    watched: Watched,
  ): Promise<void> {
    const excess = await excessOf(served, connection, total);
    if (excess === undefined || excess === watched.hidden) return;
    served.check();
    await served.idle();
    // What still differs is not shown, and cannot be mended.
    watched.hidden = (await excessOf(served, connection, totalOf(await countFlows(connection)))) ?? watched.hidden;
  }

  /** Says in the log what other programs have changed: not more often than somebody can read it. */
  #tell({ dpid, tampered }: ServedSwitch, watched: Watched): void {
    const { logged } = watched;
    if (!tampered || tampered.changes === logged.changes || performance.now() - logged.at < logMs) return;
    watched.logged = { at: performance.now(), changes: tampered.changes };
    this.#log.warn(
      { datapath: dpid, changes: tampered.changes - logged.changes, what: tampered.what },
      'another program has changed the switch; what it changed was put back',
    );
  }
}

/** Sets how fragments are matched where that is not as it was set; says whether it was not. */
async function restoreConfiguration(connection: SwitchConnection): Promise<boolean> {
  const reply = await connection.request({ type: 'get_config_request' });
  if (reply.type !== 'get_config_reply' || reply.flags === configuration.flags) return false;
  connection.send({ type: 'set_config', ...configuration });
  return true;
}

/** By how many flows a switch has more than it should; undefined while that is not known, or changes. */
async function excessOf(
  served: ServedSwitch,
  connection: SwitchConnection,
  total: number,
): Promise<number | undefined> {
  const { flowCount } = served;
  if (flowCount === null || served.busy) return undefined;
  const learned = await countLearned(connection);
  return served.busy || served.connection !== connection || served.flowCount !== flowCount
    ? undefined
    : total - learned - flowCount;
}
