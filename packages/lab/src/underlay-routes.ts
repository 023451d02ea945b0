/** Addresses in underlay networks, and the way from one to the others. */
import { isIP, isIPv6 } from 'node:net';
import { type Attachments, type NetPlan, withPrefix } from './lab-plan.ts';
import { inside } from './links.ts';
import { run } from './run.ts';

export interface UnderlayRoute {
  /** A network, with the length of its prefix. */
  readonly to: string;
  readonly via: string;
}

/** The routes of somebody with these addresses to all networks that routers lead to, by the fewest routers. */
export function routesFrom(
  own: Attachments,
  { underlays, routers }: Pick<NetPlan, 'underlays' | 'routers'>,
): UnderlayRoute[] {
  const known = new Set(Object.keys(own));
  const routes: UnderlayRoute[] = [];
  // Networks with the addresses of the router in an own network by which they are reached.
  let reached: { underlay: string; gateways?: readonly string[] }[] = [...known].map((underlay) => ({ underlay }));
  while (reached.length > 0) {
    const beyond: typeof reached = [];
    for (const { underlay, gateways } of reached) {
      for (const { underlays: attached } of routers.filter((router) => underlay in router.underlays)) {
        for (const next of Object.keys(attached).filter((name) => !known.has(name))) {
          known.add(next);
          beyond.push({ underlay: next, gateways: gateways ?? attached[underlay]! });
        }
      }
    }
    for (const { underlay, gateways } of beyond) {
      for (const to of underlays.find(({ name }) => name === underlay)?.network ?? []) {
        const via = gateways!.find((gateway) => isIP(gateway) === isIP(to.split('/')[0]!));
        if (via) routes.push({ to, via });
      }
    }
    reached = beyond;
  }
  return routes;
}

/** Gives a namespace its addresses in underlay networks, and routes to the others. */
export async function giveAddresses(
  namespace: string | null,
  attached: Attachments,
  { plan, deviceOf }: { plan: Pick<NetPlan, 'underlays' | 'routers'>; deviceOf: (underlay: string) => string },
): Promise<void> {
  const addresses = Object.entries(attached).flatMap(([underlay, all]) => {
    const network = plan.underlays.find(({ name }) => name === underlay)!;
    const dev = `dev ${deviceOf(underlay)}`;
    // Nobody is to wait until IPv6 knows that nobody else has the address.
    const added = all.map((one) => `addr replace ${withPrefix(one, network)} ${dev}${isIPv6(one) ? ' nodad' : ''}`);
    return [`link set ${dev} up`, ...added];
  });
  const routes = routesFrom(attached, plan).map(({ to, via }) => `route replace ${to} via ${via}`);
  const input = `${[...addresses, ...routes].join('\n')}\n`;
  await run('ip', [...inside(namespace), '-batch', '-'], { input });
}
