import type { BridgeState, Ovsdb } from '@openvnet/ovsdb';

/** Where a bridge keeps the fail mode, and whether in-band control was off, before this agent served it. */
const formerMode = 'openvnet-fail-mode';
const formerInBand = 'openvnet-disable-in-band';
/** The key of a bridge's `other_config` that disables in-band control. */
export const inBandOff = 'disable-in-band';
const unset = 'unset';
/** Where a bridge keeps from which store it is served, or that it was closed; and as which datapath. */
const serviceKey = 'openvnet-service';
const closed = 'closed';

/** From which store a bridge is served, and as which of its datapaths. */
export interface ServedAs {
  readonly store: string;
  readonly datapathId: number;
}

/** What was changed at a bridge, in words: what the service needs, and what another program had changed in service. */
export interface Prepared {
  readonly notes: readonly string[];
  readonly restored: readonly string[];
}

/**
 * Makes a bridge fit to be served: it keeps its flows when the agent is away (fail mode secure), its controllers' own
 * traffic has no way around them, and its ports are isolated, so that nothing passes either where another program
 * takes the flows away and makes it a learning switch. `as` says where its flows come from.
 */
export async function prepareBridge(ovsdb: Ovsdb, bridge: BridgeState, as: ServedAs): Promise<Prepared> {
  const { name, failMode, controllers, otherConfig, externalIds } = bridge;
  const notes: string[] = [];
  const restored: string[] = [];
  const service = `${as.store} ${as.datapathId}`;
  const isServed = servedFrom(bridge) !== undefined;
  if (externalIds.get(serviceKey) !== service) await ovsdb.setBridge(name, { external_ids: { [serviceKey]: service } });
  await ovsdb.isolatePorts(name, true);
  if (failMode !== 'secure') {
    const before = failMode ?? unset;
    if (externalIds.get(formerMode) === undefined)
      await ovsdb.setBridge(name, { external_ids: { [formerMode]: before } });
    await ovsdb.setFailMode(name, 'secure');
    if (isServed) restored.push(`fail mode ${before}`);
    else
      notes.push(
        `fail mode of ${name} set from ${before} to secure, so that it keeps its flows while the agent is away`,
      );
  }
  if (controllers.length > 0 && otherConfig.get(inBandOff) !== 'true') {
    const before = otherConfig.get(inBandOff) ?? unset;
    const former = externalIds.get(formerInBand) === undefined && { external_ids: { [formerInBand]: before } };
    await ovsdb.setBridge(name, { other_config: { [inBandOff]: 'true' }, ...former });
    notes.push(`in-band control of ${name} disabled, so that it has no hidden flows`);
  }
  return { notes, restored };
}

/** Longest time that a cached decision may outlive its flow, in milliseconds. */
const revalidatorMs = 50;

/**
 * Makes Open vSwitch act sooner on changed flows: by itself it may go on for half a second with what it has cached. Leaves
 * a value alone that somebody has set. Says what was changed, in words; undefined if nothing was.
 */
export async function hastenRevalidation(ovsdb: Ovsdb): Promise<string | undefined> {
  const query = { op: 'select', table: 'Open_vSwitch', where: [], columns: ['other_config'] };
  const [answer] = (await ovsdb.transact([query])) as [{ rows: { other_config: ['map', [string, string][]] }[] }];
  const settings = new Map(answer.rows[0]?.other_config[1]);
  if (settings.has('max-revalidator')) return undefined;
  await ovsdb.setGlobalOtherConfig('max-revalidator', String(revalidatorMs));
  return `max-revalidator of Open vSwitch set to ${revalidatorMs} ms, so that changes take effect sooner`;
}

/** The store that the flows of a bridge are from, where they are still in it; undefined if it was not served. */
export function servedFrom({ externalIds }: BridgeState): string | undefined {
  const [store] = externalIds.get(serviceKey)?.split(' ') ?? [];
  return store === closed ? undefined : store;
}

/** The datapath that a bridge was served as before it was closed; undefined if it is not closed. */
export function closedFrom({ externalIds }: BridgeState): number | undefined {
  const [state, datapathId] = externalIds.get(serviceKey)?.split(' ') ?? [];
  return state === closed ? Number(datapathId) : undefined;
}

/** Whether a bridge has settings of this agent: it is or was served. */
export function isTaken({ externalIds }: BridgeState): boolean {
  return externalIds.has(serviceKey);
}

/** The fail mode that a bridge had before it was served. */
export function formerFailMode({ externalIds }: BridgeState): string {
  return externalIds.get(formerMode) ?? 'secure';
}

/** Notes on a bridge that its flows were taken away, and that it is to stay so until somebody sets its fail mode. */
export async function markClosed(ovsdb: Ovsdb, { name, externalIds }: BridgeState): Promise<void> {
  const [, datapathId] = externalIds.get(serviceKey)?.split(' ') ?? [];
  await ovsdb.isolatePorts(name, false);
  await ovsdb.setBridge(name, { external_ids: { [serviceKey]: `${closed} ${datapathId}` } });
}

/** Gives a bridge the settings back that it had before it was served. */
export async function restoreSettings(ovsdb: Ovsdb, { name, externalIds }: BridgeState): Promise<void> {
  const inBand = externalIds.get(formerInBand);
  if (inBand !== undefined)
    await ovsdb.setBridge(name, { other_config: { [inBandOff]: inBand === unset ? undefined : inBand } });
  await ovsdb.isolatePorts(name, false);
  const mode = externalIds.get(formerMode);
  if (mode !== undefined) await ovsdb.setFailMode(name, mode === 'secure' || mode === 'standalone' ? mode : undefined);
  await ovsdb.setBridge(name, {
    external_ids: { [serviceKey]: undefined, [formerMode]: undefined, [formerInBand]: undefined },
  });
}
