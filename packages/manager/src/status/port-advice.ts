/** Where the ports are that interfaces wait for, as the hosts say when they are asked, and what to do about it. */
import { printable, type RowOf, shell } from '@openvnet/model';
import { portsAnswer } from '@openvnet/model/from-agents';
import type { Agent, Agents } from './agents.ts';
import { digitsOf, type Facts, registration } from './facts.ts';

/** A bridge of a host: which of the ports that were asked for it has, and ports of it that no interface has. */
interface SeenBridge {
  readonly agent: Agent;
  readonly dpid: string;
  readonly name: string;
  readonly found: readonly { readonly name: string; readonly error: string | null }[];
  readonly spare: readonly string[];
}

/** Characters of the longest name that a device can have on Linux. */
const longestDevice = 15;

/** Spare ports that are named. */
const mostSpare = 5;

export interface WaitingForPort {
  readonly uuid: string;
  readonly port: RowOf<'interface_port'>;
}

/** What every host knows of ports of these names. */
export async function askForPorts(agents: Agents, names: readonly string[]): Promise<SeenBridge[]> {
  const answers = await agents.ask({ about: 'ports', names: [...new Set(names)] }, agents.all(), 1000);
  return answers.flatMap(({ agent, answer }) => {
    const { data } = portsAnswer.safeParse(answer);
    return (data ?? []).map(({ dpid, ...bridge }) => ({ agent, ...bridge, dpid: digitsOf(dpid) }));
  });
}

/** Ports with the name of an interface on datapaths to which its owner does not restrict it. */
export function excludedPorts(
  { datapaths }: Facts,
  seen: readonly SeenBridge[],
  { uuid, ports }: { readonly uuid: string; readonly ports: readonly RowOf<'interface_port'>[] },
): string[] {
  return seen.flatMap(({ dpid, name: bridge, found, agent }) => {
    const there = datapaths.find((one) => one.dpid === dpid);
    if (!there || ports.some(({ datapath_id }) => datapath_id === there.id)) return [];
    return found
      .filter(({ name }) => ports.some(({ port_name }) => port_name === name))
      .map(({ name }) => {
        const owners = ports.flatMap(({ datapath_id }) => datapaths.find(({ id }) => id === datapath_id)?.uuid ?? []);
        return `port ${printable(name)} on ${there.uuid} (host ${agent.node}) is not used, because the owner of ${uuid} is ${owners.join(' and ')}. On ${agent.node}, use: ${shell`ovs-vsctl del-port ${bridge} ${name}`}`;
      });
  });
}

/** What to do for an interface that waits for a port, in sentences that stand behind "no port named ...". */
export function adviseOnPort(facts: Facts, seen: readonly SeenBridge[], { uuid, port }: WaitingForPort): string {
  const { port_name, datapath_id } = port;
  const [place] = seen.flatMap((bridge) =>
    bridge.found.filter(({ name }) => name === port_name).map((found) => ({ bridge, ...found })),
  );
  const owner = facts.datapaths.find(({ id }) => id === datapath_id);
  if (place) {
    const { bridge, error } = place;
    const name = printable(String(port_name));
    const there = facts.datapaths.find(({ dpid }) => dpid === bridge.dpid);
    if (!there)
      return `${name} is a port of bridge ${printable(bridge.name)} (0x${bridge.dpid}) on ${bridge.agent.node}, which is not registered. Use: ${registration(facts, bridge.agent, bridge)}`;
    if (owner && owner.id !== there.id)
      return `port ${name} is on ${there.uuid}, but the owner of ${uuid} is ${owner.uuid}. Use: ${shell`vnctl interfaces modify ${uuid} --owner-datapath-uuid ${there.uuid}`}`;
    if (error !== null)
      return `port ${name} on ${there.uuid} does not work. Open vSwitch says: ${printable(error)}. Fix the device, or remove the port and add it again. Use: ${shell`ovs-vsctl del-port ${bridge.name} ${String(port_name)}`}`;
  }
  const served = seen.filter(({ dpid }) =>
    facts.datapaths.some((one) => one.dpid === dpid && (!owner || one.id === owner.id)),
  );
  const spare = served.flatMap((bridge) => bridge.spare);
  const [first] = spare;
  if (first !== undefined) {
    const more = spare.length > mostSpare ? ` and ${spare.length - mostSpare} more` : '';
    const names = spare.slice(0, mostSpare).map(printable).join(', ');
    return `Ports without an interface: ${names}${more}. Use: ${shell`vnctl interfaces modify ${uuid} --port-name ${first}`}`;
  }
  const [bridge] = served;
  if (bridge && String(port_name).length > longestDevice)
    return `A device has a name of at most ${longestDevice} characters, so the port needs a shorter one. Use: ${shell`ovs-vsctl set interface PORT ${`external_ids:iface-id=${port_name}`}`}`;
  return bridge ? `Use: ${shell`ovs-vsctl add-port ${bridge.name} ${String(port_name)}`}` : '';
}
