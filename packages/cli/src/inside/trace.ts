import type { TraceAnswer, TraceLeg, TraceStep } from '@openvnet/model';
import type { Context } from '../context.ts';
import { ExitWith } from '../exit-with.ts';
import { exitCodes, UsageError } from '../failure.ts';
import { heading, type Io, styled, write } from '../output.ts';
import { originText } from './flows.ts';

export interface TraceOptions {
  readonly from: string;
  readonly to: string;
  readonly size?: string;
  readonly dontFragment?: boolean;
  readonly both?: string;
  readonly live?: boolean;
}

/** Shows the way of a packet; ends with an exit code where it does not arrive. */
export async function showTrace(
  { io, client, settings }: Context,
  packet: string,
  options: TraceOptions,
): Promise<void> {
  const { from, to, size, dontFragment = false, both = 'true', live = false } = options;
  const sized = size === undefined ? {} : { size: Number(size) };
  const answer = await client.trace({
    from,
    to,
    ...packetOf(packet),
    ...sized,
    dont_fragment: dontFragment,
    both: both === 'true',
    live,
  });
  await write(io, settings.output, answer, (shown) => traceText(io, shown));
  if (!answer.delivered) throw new ExitWith(exitCodes.refused);
}

export function traceText(
  io: Io,
  { legs, delivered, untraced, verdict, against, notes, datapath_uuid }: TraceAnswer,
): string {
  const arrival = delivered ? 'arrives' : untraced ? 'cannot be traced' : 'does not arrive';
  const sentence = `${arrival}${datapath_uuid ? ` (on ${datapath_uuid})` : ''}: ${verdict}`;
  const several = new Set(legs.map((leg) => leg.datapath_uuid)).size > 1;
  return [
    ...legs.map((leg) => legText(io, leg, several)),
    styled(io, delivered ? 'green' : 'red', sentence),
    ...against.filter((fact) => !verdict.includes(fact)).map((fact) => styled(io, 'red', fact)),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

/** Of several hosts each is named. */
function legText(io: Io, { title, steps, arrived, verdict, live, ...at }: TraceLeg, several: boolean): string {
  const where = several ? `${at.datapath_uuid}${at.node ? ` (${at.node})` : ''}: ` : '';
  const width = Math.max(0, ...steps.map(({ table }) => table.length));
  return [
    heading(io, `${where}${title}`),
    ...steps.map((step) => `  ${step.table.padEnd(width)}  ${stepText(io, step)}`),
    `  ${styled(io, arrived ? 'green' : 'red', `= ${verdict}`)}`,
    ...(live === null ? [] : [`  the switch itself:\n${linesOf(live).replace(/^/gm, '    ')}`]),
  ].join('\n');
}

/** What the switch says has several lines, whose ends stand as escapes like everything that a terminal obeys. */
function linesOf(live: string): string {
  return live.replaceAll('\\n', '\n').trimEnd();
}

function stepText(io: Io, step: TraceStep): string {
  // Where nothing of the table matched, its own words say all.
  if (step.feature === 'miss') return step.says;
  return `${step.says}  ${styled(io, 'dim', `[${originText(step)}]`)}`;
}

function packetOf(packet: string): { protocol: string; port?: number } {
  const [, protocol, port] = /^(icmp|tcp|udp)(?:\/(\d{1,5}))?$/.exec(packet) ?? [];
  if (!protocol || (protocol === 'icmp' && port)) {
    throw new UsageError(`${packet} is no packet: expected icmp, udp/PORT or tcp/PORT`);
  }
  return { protocol, ...(port !== undefined && { port: Number(port) }) };
}
