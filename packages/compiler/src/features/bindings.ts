import type { RowOf } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { Port, Rows, View } from '../engine/relations.ts';
import { localPort } from '../pipeline/ports.ts';

type Mode = RowOf<'interface'>['mode'];

/**
 * What stands behind an interface: `at` is where its own addresses are, at the port of its name, at the bridge's own port,
 * which is the host, or in the switch, which answers for them; `uplink` whether its port joins its network to one outside.
 */
const modes: { readonly [M in Mode]?: { readonly at: 'port' | 'host' | 'switch'; readonly uplink: boolean } } = {
  vif: { at: 'port', uplink: false },
  simulated: { at: 'switch', uplink: false },
  host: { at: 'host', uplink: true },
  internal: { at: 'host', uplink: false },
  patch: { at: 'switch', uplink: true },
  promiscuous: { at: 'port', uplink: true },
};

/** Interfaces for whose addresses the switch answers, and by which routers are reached. */
export function isGateway({ mode }: { readonly mode: Mode }): boolean {
  return modes[mode]?.at === 'switch';
}

export function hasUplink({ mode }: { readonly mode: Mode }): boolean {
  return modes[mode]?.uplink ?? false;
}

/** Interfaces that are the guest at their port: it can move with them to another host. */
export function isAtPort({ mode }: { readonly mode: Mode }): boolean {
  return modes[mode]?.at === 'port';
}

/** Which interfaces are on this switch, and at which port. */
export const bindings = derivation({
  into: 'binding',
  doc: 'Switch ports of interfaces, found by name.',
  source: { of: 'interface', when: ({ mode }) => modes[mode] !== undefined },
  select: (view, id) => {
    const { at, uplink } = modes[view.get('interface', id)!.mode]!;
    const ports = view.where('interface_port', 'interface_id', id).filter((one) => isHere(view, one));
    if (ports.length === 0) return undefined;
    // The host's own address needs no other port than the bridge's.
    const hostAlone = at === 'host' && ports.every(({ port_name }) => port_name === null);
    const named = at === 'port' || (uplink && !hostAlone) ? portOf(view, id, ports) : null;
    if (named === undefined || (named && 'waiting' in named)) return named;
    const own = at === 'port' ? named : at === 'host' ? view.get('port', localPort) : null;
    if (own === undefined) return waiting('interface', id, "the bridge's own port");
    return {
      id,
      port: own?.id ?? null,
      port_name: (named ?? own)?.name ?? null,
      uplink: (uplink && named?.id) || null,
    };
  },
});

type InterfacePort = Rows['interface_port'];

/** The port that an interface has, or whom it waits for because he has it; undefined while it is not there. */
function portOf(
  view: View,
  id: number,
  ports: readonly InterfacePort[],
): Port | ReturnType<typeof waiting> | undefined {
  for (const one of ports) {
    const port = one.port_name === null ? undefined : findPort(view, one.port_name);
    if (!port) continue;
    const holder = holderOf(view, port);
    if (holder?.interface_id === id) return port;
    const other = holder && view.get('interface', holder.interface_id);
    return waiting('interface', id, `port ${port.name}, which ${other?.uuid ?? 'another interface'} has`);
  }
  return undefined;
}

function isHere(view: View, { datapath_id }: InterfacePort): boolean {
  return datapath_id === null || datapath_id === view.datapathId;
}

/** A port by its name, or else by its iface-id. */
function findPort(view: View, name: string): Port | undefined {
  return view.where('port', 'name', name)[0] ?? view.where('port', 'iface_id', name)[0];
}

/** Who has a port that several claim: its name goes before its iface-id, this datapath before any, the older before the newer. */
function holderOf(view: View, port: Port): InterfacePort | undefined {
  const names = port.iface_id === null ? [port.name] : [port.name, port.iface_id];
  const claims = names.flatMap((name) =>
    view.where('interface_port', 'port_name', name).filter((one) => isHere(view, one)),
  );
  return claims.find(({ datapath_id }) => datapath_id !== null) ?? claims[0];
}
