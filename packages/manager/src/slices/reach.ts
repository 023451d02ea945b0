import type { Domain, Structure } from './structure.ts';

/** What a host may be concerned with; rows follow from it. */
export type Topic = Domain | `router ${number}` | `gateway ${number}` | `here ${number}` | `datapath ${number}`;

/** What a host has by itself. */
export interface Local {
  /** Its datapaths. */
  readonly own: ReadonlySet<number>;
  /** Names of its ports, and what their `external_ids:iface-id` says. */
  readonly names: Iterable<string>;
}

/**
 * What a host can reach: the interfaces that are here or may be, their domains, the routers with a door there, the domains that these
 * lead to, and the hosts that have ports there.
 */
export function reachOf(structure: Structure, { own, names }: Local): Set<Topic> {
  const here = new Set<number>(structure.ofHost(own));
  for (const datapathId of own) for (const id of structure.placedOn(datapathId)) here.add(id);
  for (const name of names) for (const id of structure.claimsOf(name, own)) here.add(id);
  const domains = new Set<Domain>();
  for (const id of here) for (const domain of structure.domainsOf(id)) domains.add(domain);
  const routers = new Set<number>();
  for (const domain of domains) for (const id of structure.routersIn(domain)) routers.add(id);
  const gateways = new Set<number>();
  for (const id of routers) {
    for (const door of structure.doorsOf(id)) {
      gateways.add(door.interfaceId);
      for (const domain of door.domains) domains.add(domain);
    }
  }
  const datapaths = new Set(own);
  for (const domain of domains) for (const id of structure.datapathsIn(domain)) datapaths.add(id);
  const topics = new Set<Topic>(domains);
  for (const id of here) topics.add(`here ${id}`);
  for (const id of routers) topics.add(`router ${id}`);
  for (const id of gateways) topics.add(`gateway ${id}`);
  for (const id of datapaths) topics.add(`datapath ${id}`);
  return topics;
}
