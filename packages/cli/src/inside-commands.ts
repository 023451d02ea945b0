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
  flowsCommand(root, io);
  traceCommand(root, io);
  explainCommand(root, io);
  eventsCommand(root, io);
}

function eventsCommand(root: Command, io: Io): void {
  const events = root
    .command('events')
    .description('Shows what has changed: objects that were made, changed and removed, by whom and why.')
    .option('--after <REVISION>', 'Only what came after this revision; the newest where it is not given.')
    .option('--limit <NUMBER>', 'How many revisions are shown at most (50).')
    .option('-f, --follow', 'Go on with what changes from now on.');
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
    .description('Says what an object is, what it is related to, how it stands and what it does in the switches.')
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
      'Shows the way of a packet, step by step, with the object that decided each, or why it does not arrive.',
    )
    .argument('[packet]', 'icmp (an echo request), udp/53, tcp/80.', 'icmp')
    .addOption(new UuidOption('--from <UUID>', 'The interface that sends.', 'interface').makeOptionMandatory())
    .addOption(
      new UuidOption(
        '--to <ADDRESS>',
        'Where it sends: an address, or an interface by its uuid.',
        'interface',
      ).makeOptionMandatory(),
    )
    .option('--size <BYTES>', 'Size of the IP packet (84).')
    .option('--dont-fragment', 'Routers may not fragment it.')
    .addOption(bothOption())
    .option('--live', 'Ask the switch itself besides (ofproto/trace).');
  trace.action(async (packet: string) => {
    const context = await contextOf(trace, io);
    const { showTrace } = await import('./inside/trace.ts');
    await showTrace(context, packet, trace.opts<TraceOptions>());
  });
}

function bothOption(): LooseOption {
  const takes = (next: string): boolean => /^(true|false)$/.test(next);
  const doc = 'Trace the reply too; --no-both does not.';
  return new LooseOption('--both [true|false]', doc, { alone: 'true', takes, negatable: true });
}

function flowsCommand(root: Command, io: Io): void {
  const flows = root
    .command('flows')
    .description('Shows the flows of the switches: tables, registers and objects by name, with counters.')
    .argument('[uuid...]', 'Only flows that belong to these objects; an interface has those of its leases too.')
    .option('--table <NAME>', 'Only flows of this table.')
    .addOption(new UuidOption('--datapath <UUID>', 'Only flows of this datapath.', 'datapath'))
    .addOption(watchOption('Show what has moved, come or gone, every so many seconds (2).'))
    .option('--count <NUMBER>', 'End --watch after so many looks.');
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
