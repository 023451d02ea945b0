import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { UsageError } from './failure.ts';
import type { EventsOptions } from './inside/events.ts';
import type { FlowsOptions } from './inside/flows.ts';
import type { TraceOptions } from './inside/trace.ts';
import { isNumber, LooseOption, UuidOption } from './options.ts';
import type { Io } from './output.ts';
import { watchOption } from './status-command.ts';

/** `vnctl flows`, and what else looks inside. What each does is loaded when it is needed. */
export function addInsideCommands(root: Command, io: Io): void {
  hostsCommand(root, io);
  flowsCommand(root, io);
  traceCommand(root, io);
  explainCommand(root, io);
  eventsCommand(root, io);
}

function hostsCommand(root: Command, io: Io): void {
  const hosts = root
    .command('hosts')
    .description('Lists the hosts: health, version, revision, bridges, ports, flows and tunnel address of each.');
  hosts.action(async () => {
    const context = await contextOf(hosts, io);
    const { showHosts } = await import('./inside/hosts.ts');
    await showHosts(context);
  });
}

function eventsCommand(root: Command, io: Io): void {
  const events = root
    .command('events')
    .description('Shows the history: objects that were created, changed and deleted, by whom and why.')
    .option('--after <REVISION>', 'Only changes after this revision; the newest by default.')
    .option('--limit <NUMBER>', 'Show at most this many revisions (50).')
    .option('-f, --follow', 'Keep running and show new changes.');
  events.action(async () => {
    const options = events.opts<EventsOptions>();
    for (const name of ['after', 'limit'] as const) {
      const value = options[name];
      if (value !== undefined && !isNumber(value))
        throw new UsageError(`--${name} ${JSON.stringify(value)}: expected a number`);
    }
    const context = await contextOf(events, io);
    const { showEvents } = await import('./inside/events.ts');
    await showEvents(context, options);
  });
}

function explainCommand(root: Command, io: Io): void {
  const explain = root
    .command('explain')
    .description('Describes an object: parameters, relations, status, and its flows in the switches.')
    .argument('<uuid...>', 'Objects of any kind.');
  explain.action(async (uuids: readonly string[]) => {
    const context = await contextOf(explain, io);
    const { showExplained } = await import('./inside/explain.ts');
    await showExplained(context, uuids);
  });
}

function traceCommand(root: Command, io: Io): void {
  const trace = root
    .command('trace')
    .description(
      'Traces a packet step by step, with the object that decides each step, or why the packet does not arrive.',
    )
    .argument('[packet]', 'icmp (an echo request), udp/53, tcp/80.', 'icmp')
    .addOption(new UuidOption('--from <UUID>', 'The sending interface.', 'interface').makeOptionMandatory())
    .addOption(
      new UuidOption(
        '--to <ADDRESS>',
        'The destination: an address, or the uuid of an interface.',
        'interface',
      ).makeOptionMandatory(),
    )
    .option('--size <BYTES>', 'Size of the IP packet (84).')
    .option('--dont-fragment', "Set don't-fragment.")
    .addOption(bothOption())
    .option('--live', 'Also ask the switch (ofproto/trace).');
  trace.action(async (packet: string) => {
    const context = await contextOf(trace, io);
    const { showTrace } = await import('./inside/trace.ts');
    await showTrace(context, packet, trace.opts<TraceOptions>());
  });
}

function bothOption(): LooseOption {
  const takes = (next: string): boolean => /^(true|false)$/.test(next);
  const doc = 'Trace the reply too; --no-both omits it.';
  return new LooseOption('--both [true|false]', doc, { alone: 'true', takes, negatable: true });
}

function flowsCommand(root: Command, io: Io): void {
  const flows = root
    .command('flows')
    .description('Shows the flows in the switches, with names of tables, registers and objects, and counters.')
    .argument('[uuid...]', 'Only flows of these objects; those of an interface include the flows of its leases.')
    .option('--table <NAME>', 'Only flows of this table.')
    .addOption(new UuidOption('--datapath <UUID>', 'Only flows of this datapath.', 'datapath'))
    .option('--host <NODE>', 'Only flows of this host, by the node of its agent.')
    .addOption(watchOption('Show changes of flows and counters every so many seconds (2).'))
    .option('--count <NUMBER>', 'End --watch after so many intervals.');
  flows.action(async (objects: readonly string[]) => {
    const options = flows.opts<FlowsOptions>();
    for (const name of ['watch', 'count'] as const) {
      const value = options[name];
      if (value !== undefined && !isNumber(value))
        throw new UsageError(`--${name} ${JSON.stringify(value)}: expected a number`);
    }
    const context = await contextOf(flows, io);
    const { showFlows } = await import('./inside/flows.ts');
    await showFlows(context, objects, options);
  });
}
