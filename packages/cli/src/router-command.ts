import type { Command } from 'commander';
import { contextOf, waitUntilRealised } from './context.ts';
import { UsageError } from './failure.ts';
import { UuidOption } from './options.ts';
import { type Io, table, write } from './output.ts';
import { readWait, waitOption } from './resource-commands.ts';

interface RouterOptions {
  readonly network: readonly string[];
  readonly uuid?: string;
  readonly routeLinkUuid?: string;
}

/** `vnctl router add`: route link, gateways and routes in one step. */
export function addRouterCommand(root: Command, io: Io): void {
  const router = root.command('router').description('Connects networks by a router in one step.');
  const add = router
    .command('add')
    .description(
      'Creates a route link and, for each network, a gateway and a route, unless they exist. A network keeps its gateway.',
    )
    .addOption(
      new UuidOption('--network <UUID>', 'A network; repeat the option for each.', 'network')
        .argParser((uuid: string, others: readonly string[] = []) => [...others, uuid])
        .makeOptionMandatory(),
    )
    .addOption(new UuidOption('--uuid <UUID>', 'Uuid of the router; created if it does not exist.', 'route_link'))
    .addOption(
      new UuidOption('--route-link-uuid <UUID>', 'An existing router to which the networks are added.', 'route_link'),
    )
    .addOption(waitOption());
  add.action(async () => {
    const { network: network_uuids, uuid, routeLinkUuid: route_link_uuid } = add.opts<RouterOptions>();
    if (uuid !== undefined && route_link_uuid !== undefined) {
      throw new UsageError('--uuid and --route-link-uuid both name the router: expected one of them');
    }
    const seconds = readWait(add);
    const context = await contextOf(add, io);
    const { output } = context.settings;
    const named = { ...(uuid !== undefined && { uuid }), ...(route_link_uuid !== undefined && { route_link_uuid }) };
    const answer = await context.client.addRouter({ network_uuids, ...named });
    await write(io, output, answer, async (shown) => {
      if (output === 'name') return shown.uuid;
      const rows = shown.networks.map((one) => ({ ...one, router: shown.uuid }));
      const made = shown.made.length === 0 ? 'nothing to create' : `created: ${shown.made.join(', ')}`;
      return `${await table(io, columns, rows)}\n${made}`;
    });
    if (seconds === undefined) return;
    for (const { route_uuid } of answer.networks)
      await waitUntilRealised(context, { kind: 'route', uuid: route_uuid }, seconds);
  });
}

const columns = ['router', 'network_uuid', 'interface_uuid', 'ipv4_address', 'mac_address', 'route_uuid'];
