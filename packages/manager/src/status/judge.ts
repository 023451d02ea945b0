import type { Kind, ObjectStatus, RowOf } from '@openvnet/model';
import { behaviourOf } from '../behaviours/registry.ts';
import { awayText, type Facts, type Place, placesOf, startOf, whyUnserved } from './facts.ts';

export interface Judgement {
  readonly status: ObjectStatus;
  /** The newest revision that every place where it has to be has acknowledged. */
  readonly acknowledged: number;
}

/**
 * Whether each of `rows` is in effect: every place where it has to be has acknowledged its last change, and revision
 * `atLeast`, and nothing is in its way.
 */
export async function judge<K extends Kind>(
  facts: Facts,
  kind: K,
  rows: readonly RowOf<K>[],
  atLeast = 0,
): Promise<Judgement[]> {
  const found = (await behaviourOf(kind).findings?.(facts, rows)) ?? [];
  const revisions = await facts.reader.revisionsOf(
    kind,
    rows.map(({ id }) => id),
  );
  const everywhere = placesOf(facts);
  const reasons = facts.agents.all().flatMap(({ waiting }) => (waiting.size > 0 ? [waiting] : []));
  const unserved = whyUnserved(facts);
  return rows.map((row, i) => {
    const own = found[i] ?? {};
    const places = own.places ?? everywhere;
    const needed = Math.max(revisions.get(row.id) ?? 0, own.revision ?? 0, atLeast);
    const counted = countedAmong(own.places ?? everywhere);
    const waits_for = [
      ...(own.waits_for ?? []),
      ...reasons.flatMap((waiting) => waiting.get(`${kind} ${row.id}`) ?? []),
      ...(places.length === 0 && !own.waits_for?.length ? [unserved] : []),
      ...acknowledgements(facts, counted, needed),
    ];
    const away = [...new Set(places.map(({ agent }) => agent))].filter(({ connection }) => !connection);
    const status = {
      realised: waits_for.length === 0,
      on: own.on ?? [],
      waits_for: [...new Set(waits_for)],
      notes: [
        ...(own.notes ?? []),
        // What an object waits for names the agent already.
        ...away
          .filter(({ node }) => !waits_for.some((reason) => reason.includes(`agent ${node} went away`)))
          .map((agent) => `${awayText(agent)}; the switch goes on as it was. Use: ${startOf(facts, agent.node)}`),
      ],
    };
    return { status, acknowledged: Math.min(...counted.map(({ revision }) => revision)) };
  });
}

/** Of several places only those count whose agent is there. */
function countedAmong(places: readonly Place[]): readonly Place[] {
  const present = places.filter(({ agent }) => agent.connection);
  return present.length > 0 ? present : places;
}

/** Who has not acknowledged `needed` yet. */
function acknowledgements(facts: Facts, places: readonly Place[], needed: number): string[] {
  return places
    .filter(({ revision }) => revision < needed)
    .map(({ agent, datapath, revision }) =>
      agent.connection
        ? `waits for ${datapath.uuid} on ${agent.node} to acknowledge revision ${needed}; it has acknowledged ${revision}`
        : `${awayText(agent)}, and has revision ${needed} still to carry out. Use: ${startOf(facts, agent.node)}`,
    );
}
