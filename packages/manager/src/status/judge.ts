import type { Kind, ObjectStatus, RowOf } from '@openvnet/model';
import { behaviourOf } from '../behaviours/registry.ts';
import { awayText, concernedOf, type Facts, type ServedDatapath, servedOf, startOf, whyUnserved } from './facts.ts';

export interface Judgement {
  readonly status: ObjectStatus;
  /** The newest revision that every datapath where it has to be has acknowledged. */
  readonly acknowledged: number;
}

/**
 * Whether each of `rows` is in effect: every datapath where it has to be has acknowledged its last change, and revision
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
  const everywhere = servedOf(facts);
  const reasons = facts.agents.all().flatMap(({ waiting }) => (waiting.size > 0 ? [waiting] : []));
  const unserved = whyUnserved(facts);
  return rows.map((row, i) => {
    const own = found[i] ?? {};
    const served = own.served ?? concernedOf(facts, everywhere, kind, row.id);
    const needed = Math.max(revisions.get(row.id) ?? 0, own.revision ?? 0, atLeast);
    const counted = countedAmong(served);
    const waits_for = [
      ...(own.waits_for ?? []),
      ...reasons.flatMap((waiting) => waiting.get(`${kind} ${row.id}`) ?? []),
      ...(everywhere.length === 0 && !own.waits_for?.length ? [unserved] : []),
      ...acknowledgements(facts, counted, needed),
    ];
    const away = [...new Set(served.map(({ agent }) => agent))].filter(({ connection }) => !connection);
    const status = {
      realised: waits_for.length === 0,
      on: own.on ?? [],
      waits_for: [...new Set(waits_for)],
      notes: [
        ...(own.notes ?? []),
        // What an object waits for names the agent already.
        ...away
          .filter(({ node }) => !waits_for.some((reason) => reason.includes(`agent ${node} went away`)))
          .map((agent) => `${awayText(agent)}; the switch keeps its flows. Use: ${startOf(facts, agent.node)}`),
      ],
    };
    return { status, acknowledged: Math.min(...counted.map(({ revision }) => revision)) };
  });
}

/** Of several only those count whose agent is there. */
function countedAmong(served: readonly ServedDatapath[]): readonly ServedDatapath[] {
  const present = served.filter(({ agent }) => agent.connection);
  return present.length > 0 ? present : served;
}

/** Who has not acknowledged `needed` yet. */
function acknowledgements(facts: Facts, served: readonly ServedDatapath[], needed: number): string[] {
  return served
    .filter(({ revision }) => revision < needed)
    .map(({ agent, datapath, revision }) =>
      agent.connection
        ? `waits for ${datapath.uuid} on ${agent.node} to acknowledge revision ${needed}; it has acknowledged ${revision}`
        : `${awayText(agent)} and has not applied revision ${needed}. Use: ${startOf(facts, agent.node)}`,
    );
}
