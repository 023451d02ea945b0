import { derivation, waiting } from '../engine/feature.ts';
import type { Port, Rows, View } from '../engine/relations.ts';

/** Modes that this agent carries out. A simulated interface has no port: the switch answers for it. */
const atPort = new Set<string>(['vif']);

/** Which interfaces are on this switch, and at which port. */
export const bindings = derivation({
  into: 'binding',
  doc: 'Interfaces to the ports of the switch, by name.',
  source: { of: 'interface', when: ({ mode }) => mode === 'simulated' || atPort.has(mode) },
  select: (view, id) => {
    const { mode } = view.get('interface', id)!;
    const places = view.where('interface_port', 'interface_id', id).filter((place) => isHere(view, place));
    if (mode === 'simulated') return places.length > 0 ? { id, port: null, port_name: null } : undefined;
    for (const place of places) {
      const port = place.port_name === null ? undefined : findPort(view, place.port_name);
      if (!port) continue;
      const holder = holderOf(view, port);
      if (holder?.interface_id === id) return { id, port: port.id, port_name: port.name };
      const other = holder && view.get('interface', holder.interface_id);
      return waiting('interface', id, `port ${port.name}, which ${other?.uuid ?? 'another interface'} has`);
    }
    return undefined;
  },
});

type Place = Rows['interface_port'];

function isHere(view: View, place: Place): boolean {
  return place.datapath_id === null || place.datapath_id === view.datapathId;
}

/** A port by its name, or else by its iface-id. */
function findPort(view: View, name: string): Port | undefined {
  return view.where('port', 'name', name)[0] ?? view.where('port', 'iface_id', name)[0];
}

/** Who has a port that several claim: its name goes before its iface-id, this datapath before any, the older before the newer. */
function holderOf(view: View, port: Port): Place | undefined {
  const names = port.iface_id === null ? [port.name] : [port.name, port.iface_id];
  const claims = names.flatMap((name) =>
    view.where('interface_port', 'port_name', name).filter((place) => isHere(view, place)),
  );
  return claims.find(({ datapath_id }) => datapath_id !== null) ?? claims[0];
}
