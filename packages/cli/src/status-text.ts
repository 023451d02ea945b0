import { agoTextOf, type ObjectStatus, type SelfCheckReport, type SystemStatus } from '@openvnet/model';
import { counted, heading, type Io, styled, table } from './output.ts';

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

/** The state of the whole system, for people: what is wrong comes first, what one may want to know besides comes last. */
export async function systemText(io: Io, status: SystemStatus): Promise<string> {
  const { manager, agents, datapaths } = status;
  const started = `started ${agoTextOf(manager.started_at)}`;
  const parts = [
    `${heading(io, 'manager')}  version ${manager.version}, pid ${manager.pid}, store ${manager.store}, revision ${manager.revision}, ${started}`,
    ...(manager.notes ?? []).map((note) => styled(io, 'red', `  ${note}`)),
    await section(
      io,
      'agents',
      ['node', 'hostname', 'pid', 'version', 'state', 'revision'],
      agents.map((agent) => ({ ...agent, state: stateText(agent) })),
    ),
  ];
  for (const { node, problem, notes = [] } of agents) {
    for (const line of [...(problem ? [problem] : []), ...notes]) parts.push(styled(io, 'red', `  ${node}: ${line}`));
  }
  const tunnels = datapaths.some(({ tunnel_address }) => tunnel_address) ? ['tunnel_address'] : [];
  const columns = ['uuid', 'dpid', 'bridge', 'node', ...tunnels, 'connection', 'ports', 'flows', 'revision'];
  parts.push(await section(io, 'datapaths', columns, datapaths));
  for (const one of datapaths) {
    if (one.register)
      parts.push(styled(io, 'red', `  ${nameIn(datapaths, one)} is not registered. Use: ${one.register}`));
  }
  parts.push(
    ...unrealisedText(io, status),
    ...refusedText(io, status),
    ...packetsText(io, status),
    ...notesText(io, status),
  );
  return parts.join('\n');
}

async function section(io: Io, title: string, columns: readonly string[], items: readonly object[]): Promise<string> {
  if (items.length === 0) return `${heading(io, title)}  none`;
  return `${heading(io, title)}\n${indented(await table(io, columns, items as never))}`;
}

/** Managers of older versions do not say since when. */
function stateText({ connected, since }: SystemStatus['agents'][number]): string {
  if (!since) return connected ? 'connected' : 'away';
  return connected ? `connected ${agoTextOf(since)}` : `went away ${agoTextOf(since)}`;
}

function unrealisedText(io: Io, { unrealised }: SystemStatus): string[] {
  if (unrealised.length === 0) return [`${heading(io, 'not in effect')}  nothing`];
  const byReason = Map.groupBy(unrealised, ({ waits_for }) => waits_for.join('; '));
  return [
    heading(io, 'not in effect'),
    ...[...byReason].map(([reason, objects]) => `  ${objects.map(({ uuid }) => uuid).join(', ')}: ${reason}`),
  ];
}

function refusedText(io: Io, { refused }: SystemStatus): string[] {
  if (refused.length === 0) return [];
  const lines = refused.map(
    ({ interface_uuid, frames, allowed }) =>
      `  ${interface_uuid}  ${counted(frames, 'frame')}; it may only use ${allowed}`,
  );
  return [heading(io, 'refused frames'), ...lines];
}

function packetsText(io: Io, { packets }: SystemStatus): string[] {
  return packets.flatMap(({ node, since, answered, limited, counts }) => {
    if (answered + limited === 0 && Object.keys(counts).length === 0) return [];
    const outcomes = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
    const from = since === undefined ? '' : `, counted since the agent was started ${agoTextOf(since)}`;
    return [
      `${heading(io, 'packets to')} ${node}${from}:  answered ${answered}, over their port's limit ${limited}`,
      ...(outcomes.length > 0 ? [`  ${outcomes.join(', ')}`] : []),
    ];
  });
}

/** Notes on the bridges; what keeps objects from being in effect has been said with those. */
function notesText(io: Io, { datapaths, unrealised }: SystemStatus): string[] {
  const said = new Set(unrealised.flatMap(({ waits_for }) => waits_for));
  const isSaid = (note: string): boolean => [...said].some((reason) => reason.includes(note));
  const lines = datapaths.flatMap((one) => {
    const notes = one.notes.filter((note) => !isSaid(note));
    const all = one.self_check ? [...notes, selfCheckText(one.self_check)] : notes;
    return all.map((note) => `  ${nameIn(datapaths, one)}: ${note}`);
  });
  return lines.length === 0 ? [] : [heading(io, 'notes'), ...lines];
}

type Datapath = SystemStatus['datapaths'][number];

/** The name of a bridge, with its host where another one has a bridge of that name. */
function nameIn(all: readonly Datapath[], { bridge, dpid, node }: Datapath): string {
  if (bridge === null) return dpid;
  const isOne = all.every((other) => other.bridge !== bridge || other.node === node);
  return isOne ? bridge : `${bridge} on ${node}`;
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

function selfCheckText({ at, items, disagreements, found }: SelfCheckReport): string {
  const last = found.length > 0 ? `, the last time: ${found.join(', ')}` : '';
  const wrong = disagreements === 0 ? 'all correct' : `${disagreements} wrong and corrected${last}`;
  return `self-check ${agoTextOf(at)}: ${items} items recomputed, ${wrong}`;
}
