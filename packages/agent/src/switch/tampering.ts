import { ConnectionError, configuration, type SwitchConnection } from '@openvnet/openflow';
import type { Logger } from 'pino';
import { countFlows, countLearned, totalOf } from './flows.ts';
import { mendMeters } from './meters.ts';
import type { ServedSwitch } from './served-switch.ts';

/** Rounds between full comparisons of a table: for a switch with flow monitors, and for one without. */
const roundsBetweenTables = { monitored: 15, unmonitored: 1 };
/** Minimum interval between log lines about changes by other programs, in milliseconds. */
const logMs = 10_000;
const allGroups = 0xffff_fffc;

/** State of a switch between rounds. */
interface Watched {
  /** Difference of the flow count that remains after a read-back: hidden flows. */
  hidden: number;
  round: number;
  /** The table that was compared last. */
  table: number;
  /** Time and number of the last logged changes by other programs. */
  logged: { readonly at: number; readonly changes: number };
}

/**
 * Regularly checks the switches for changes by other programs that flow monitors do not report, and reverts them: fragment
 * handling, meters, groups, the number of flows, and all flows table by table.
 */
export class TamperingChecks {
  readonly #log: Logger;
  readonly #watched = new WeakMap<ServedSwitch, Watched>();
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Checks each switch; does nothing while the previous round still runs. */
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
        // The end of a connection is logged where it is made.
        if (!(error instanceof ConnectionError))
          this.#log.warn({ datapath: served.dpid, err: error }, 'the switch could not be checked');
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
    // While flows are being changed, the change also sets the meters.
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
    // The remaining difference is hidden flows, which cannot be removed.
    watched.hidden = (await excessOf(served, connection, totalOf(await countFlows(connection)))) ?? watched.hidden;
  }

  /** Logs changes by other programs, with a limited rate. */
  #tell({ dpid, tampered }: ServedSwitch, watched: Watched): void {
    const { logged } = watched;
    if (!tampered || tampered.changes === logged.changes || performance.now() - logged.at < logMs) return;
    watched.logged = { at: performance.now(), changes: tampered.changes };
    this.#log.warn(
      { datapath: dpid, changes: tampered.changes - logged.changes, what: tampered.what },
      'another program has changed the switch; the changes were reverted',
    );
  }
}

/** Restores the fragment handling; returns whether it had been changed. */
async function restoreConfiguration(connection: SwitchConnection): Promise<boolean> {
  const reply = await connection.request({ type: 'get_config_request' });
  if (reply.type !== 'get_config_reply' || reply.flags === configuration.flags) return false;
  connection.send({ type: 'set_config', ...configuration });
  return true;
}

/** The number of excess flows in a switch; undefined while it is unknown or changing. */
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
