import type { Client } from '@openvnet/client';
import { type FlowsAnswer, printableDeep, type ShownFlow } from '@openvnet/model';
import type { Context } from '../context.ts';
import { counted, heading, type Io, isForPeople, styled, write } from '../output.ts';

export interface FlowsOptions {
  readonly table?: string;
  readonly datapath?: string;
  readonly host?: string;
  readonly watch?: string;
  readonly count?: string;
}

/** Shows the flows once, or, with `watch`, again and again those that have moved. */
export async function showFlows(context: Context, objects: readonly string[], options: FlowsOptions): Promise<void> {
  const { io, client, settings } = context;
  let last = await read(client, objects, options);
  if (options.watch === undefined) {
    await write(io, settings.output, last, (shown) => flowsText(io, shown));
    return;
  }
  const seconds = Number(options.watch);
  const most = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count);
  if (isForPeople(settings.output))
    io.out(`${counted(last.flows.length, 'flow')}; what moves is shown every ${seconds} s\n`);
  for (let round = 0; round < most; round++) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const now = await read(client, objects, options);
    const moved = movedBetween(last, now);
    if (!isForPeople(settings.output)) await write(io, settings.output, moved, () => '');
    else if (moved.length > 0)
      io.out(`${moved.map((one) => movedText(io, printableDeep(one))).join('\n')}\n${rule(io)}\n`);
    last = now;
  }
}

export interface Moved {
  readonly change: 'moved' | 'new' | 'removed';
  /** Packets since the last look. */
  readonly packets: number;
  readonly flow: ShownFlow;
}

/** What has counted packets, come or gone between two looks. */
export function movedBetween(before: FlowsAnswer, after: FlowsAnswer): Moved[] {
  const old = new Map(before.flows.map((flow) => [keyOf(flow), flow]));
  const moved: Moved[] = [];
  for (const flow of after.flows) {
    const known = old.get(keyOf(flow));
    old.delete(keyOf(flow));
    if (!known) moved.push({ change: 'new', packets: flow.packets, flow });
    // A counter that is lower belongs to a flow that was put in anew.
    else if (known.packets !== flow.packets)
      moved.push({ change: 'moved', packets: Math.max(flow.packets - known.packets, 0), flow });
  }
  for (const flow of old.values()) moved.push({ change: 'removed', packets: 0, flow });
  return moved;
}

/** All flows, below their datapath and table. */
export function flowsText(io: Io, { flows, notes }: FlowsAnswer): string {
  const lines: string[] = [];
  let [datapath, table] = ['', ''];
  for (const flow of flows) {
    if (flow.datapath_uuid !== datapath) {
      lines.push(heading(io, flow.datapath_uuid));
      [datapath, table] = [flow.datapath_uuid, ''];
    }
    if (flow.table !== table) lines.push(`  ${heading(io, flow.table)}`);
    table = flow.table;
    lines.push(`    ${flowText(io, flow)}`);
  }
  if (flows.length === 0) lines.push('no flows match');
  return [...lines, ...notes.map((note) => `note: ${note}`)].join('\n');
}

/** A flow as one line: priority, counter, what put it there, match, actions. */
export function flowText(io: Io, flow: ShownFlow): string {
  const { priority, packets, bytes, age_seconds, match, actions, next } = flow;
  const matched = Object.entries(match).map(([name, value]) => `${name}=${value}`);
  const does = [...actions, ...(next ? [`goto ${next}`] : [])].join(', ') || 'drop';
  const counted = `${packets} packets ${bytes} B ${Math.round(age_seconds)} s`;
  return `${String(priority).padStart(4)} ${originText(flow).padEnd(34)} ${matched.join(' ') || 'any'} → ${does}  ${styled(io, 'dim', `(${counted})`)}`;
}

/** The feature and the object: `guard if-veth1/il-abc`. */
export function originText({
  feature,
  object_uuid,
  interface_uuid,
}: Pick<ShownFlow, 'feature' | 'object_uuid' | 'interface_uuid'>): string {
  const names = [...new Set([interface_uuid, object_uuid])].filter(Boolean);
  return [feature, names.join('/')].filter(Boolean).join(' ');
}

const signs = { moved: '+', new: 'new', removed: 'gone' } as const;
const colours = { moved: 'bold', new: 'green', removed: 'red' } as const;

function movedText(io: Io, { change, packets, flow }: Moved): string {
  const sign = change === 'moved' ? `+${packets}` : signs[change];
  return `${styled(io, colours[change], sign.padStart(6))} ${flow.datapath_uuid} ${flow.table} ${flowText(io, flow).trimStart()}`;
}

function rule(io: Io): string {
  return styled(io, 'dim', `-- ${new Date().toISOString()}`);
}

async function read(
  client: Client,
  objects: readonly string[],
  { table, datapath, host }: FlowsOptions,
): Promise<FlowsAnswer> {
  const where = {
    ...(table !== undefined && { table }),
    ...(datapath !== undefined && { datapath }),
    ...(host !== undefined && { host }),
  };
  if (objects.length === 0) return client.flows(where);
  const answers: FlowsAnswer[] = [];
  for (const object of objects) answers.push(await client.flows({ ...where, object }));
  const flows = new Map(answers.flatMap((answer) => answer.flows.map((flow) => [keyOf(flow), flow])));
  return {
    flows: [...flows.values()],
    features: Object.assign({}, ...answers.map(({ features }) => features)),
    notes: [...new Set(answers.flatMap(({ notes }) => notes))],
  };
}

function keyOf({ datapath_uuid, table, priority, match }: ShownFlow): string {
  return JSON.stringify([datapath_uuid, table, priority, match]);
}
