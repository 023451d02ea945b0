import type { ObjectStatus, SelfCheckReport, SystemStatus } from '@openvnet/model';
import { heading, type Io, styled, table } from './output.ts';

/** How an object stands, in words: one sentence, then a line for each thing it waits for or one would want to know. */
export function statusText(io: Io, { realised, on, waits_for, notes }: ObjectStatus): string {
  const places = on.map(({ datapath_uuid, port_name, port_number }) => {
    if (port_name === null) return datapath_uuid;
    return `${datapath_uuid} at port ${port_name}${port_number === null ? '' : ` (number ${port_number})`}`;
  });
  const where = places.length > 0 ? ` on ${places.join(', ')}` : '';
  const first = realised
    ? `${styled(io, 'green', 'in effect')}${where}`
    : `${styled(io, 'yellow', 'not in effect')}${where && ` yet; seen${where}`}`;
  return [
    first,
    ...waits_for.map((reason) => `  ${reason.startsWith('waits for ') ? reason : `waits for: ${reason}`}`),
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

/** What an object that is not in effect waits for, as one clause. */
export function waitsFor({ waits_for }: Pick<ObjectStatus, 'waits_for'>): string {
  return waits_for.length > 0 ? `it waits for: ${waits_for.join('; ')}` : 'nothing says why';
}

/** The state of the whole system, for people. */
export async function systemText(io: Io, status: SystemStatus): Promise<string> {
  const { manager, agents, packets, datapaths, unrealised, refused } = status;
  const parts = [
    `${heading(io, 'manager')}  version ${manager.version}, pid ${manager.pid}, store ${manager.store}, revision ${manager.revision}, since ${manager.started_at}`,
    ...(manager.notes ?? []).map((note) => styled(io, 'red', `  ${note}`)),
  ];
  const section = async (title: string, columns: readonly string[], items: readonly object[]): Promise<void> => {
    if (items.length === 0) parts.push(`${heading(io, title)}  none`);
    else parts.push(`${heading(io, title)}\n${indented(await table(io, columns, items as never))}`);
  };
  await section('agents', ['node', 'hostname', 'pid', 'version', 'connected', 'revision'], agents);
  for (const { node, problem, notes = [] } of agents) {
    for (const line of [...(problem ? [problem] : []), ...notes]) parts.push(styled(io, 'red', `  ${node}: ${line}`));
  }
  await section('datapaths', ['uuid', 'dpid', 'bridge', 'node', 'connection', 'ports', 'flows', 'revision'], datapaths);
  for (const { bridge, dpid, notes, register, self_check } of datapaths) {
    if (self_check) parts.push(`  ${bridge ?? dpid}: ${selfCheckText(self_check)}`);
    for (const note of notes) parts.push(`  ${bridge ?? dpid}: ${note}`);
    if (register) parts.push(`  ${bridge ?? dpid} is not registered. Use:\n    ${register}`);
  }
  if (unrealised.length === 0) parts.push(`${heading(io, 'not in effect')}  nothing`);
  else {
    const byReason = Map.groupBy(unrealised, ({ waits_for }) => waits_for.join('; '));
    const lines = [...byReason].map(
      ([reason, objects]) => `  ${objects.map(({ uuid }) => uuid).join(', ')}: ${reason}`,
    );
    parts.push([heading(io, 'not in effect'), ...lines].join('\n'));
  }
  if (refused.length > 0) {
    const lines = refused.map(
      ({ interface_uuid, frames, allowed }) => `  ${interface_uuid}  ${frames} frames; it may only use ${allowed}`,
    );
    parts.push([heading(io, 'refused frames'), ...lines].join('\n'));
  }
  for (const { node, since, answered, limited, counts } of packets) {
    if (answered + limited === 0 && Object.keys(counts).length === 0) continue;
    const outcomes = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
    const from = since === undefined ? '' : ` since ${since}`;
    parts.push(`${heading(io, 'packets to')} ${node}${from}  answered ${answered}, over their port's limit ${limited}`);
    if (outcomes.length > 0) parts.push(`  ${outcomes.join(', ')}`);
  }
  return parts.join('\n');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

function selfCheckText({ at, items, disagreements, found }: SelfCheckReport): string {
  const last = found.length > 0 ? `, the last time: ${found.join(', ')}` : '';
  const wrong = disagreements === 0 ? 'all correct' : `${disagreements} wrong and corrected${last}`;
  return `self-check at ${at}: ${items} items recomputed, ${wrong}`;
}
