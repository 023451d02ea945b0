/** Who is attached to which underlay network, and by which devices. */
import type { LabPlan } from './lab-plan.ts';
import { deviceName, type End } from './links.ts';

export interface Attachment {
  /** A host, a router, a station, or `manager`. */
  readonly owner: string;
  readonly underlay: string;
  /** The network's side. */
  readonly port: string;
  /** The owner's side. */
  readonly end: End;
  /** The bridge of a host that it is a port of. */
  readonly bridge?: string;
}

/** In the order of the file; `prefix` is before the names of namespaces. */
export function attachmentsOf(plan: Omit<LabPlan, 'bridges' | 'topology' | 'checks'>, prefix: string): Attachment[] {
  const { hosts, routers, manager, namespaces } = plan;
  const own = `${prefix || 'lab-'}under`;
  return [
    ...routers.flatMap(({ name, underlays }) =>
      Object.keys(underlays).map((underlay) => {
        return { owner: name, underlay, port: name, end: { namespace: `${prefix}${name}`, device: underlay } };
      }),
    ),
    ...Object.keys(manager?.underlays ?? {}).map((underlay, index) => {
      return { owner: 'manager', underlay, port: 'manager', end: { namespace: null, device: `${own}${index}` } };
    }),
    ...hosts.flatMap((host) => ofHost(host, `${prefix}${host.name}`)),
    ...namespaces.flatMap(({ name, underlay, device = 'eth0', mac }) => {
      const end = { namespace: `${prefix}${name}`, device, ...(mac && { mac }) };
      return underlay === undefined ? [] : [{ owner: name, underlay, port: deviceName(name), end }];
    }),
  ];
}

function ofHost({ name, underlays, bridges }: LabPlan['hosts'][number], namespace: string): Attachment[] {
  const addressed = Object.keys(underlays).map((underlay, index): Attachment => {
    const end = { namespace, device: `under${index}` };
    return { owner: name, underlay, port: name, end, bridge: `br-phy${index || ''}` };
  });
  const uplinks = bridges.flatMap((bridge) =>
    Object.entries(bridge.uplinks ?? {}).map(([device, underlay]): Attachment => {
      const end = { namespace, device };
      return { owner: name, underlay, port: deviceName(name, device), end, bridge: bridge.name };
    }),
  );
  return [...addressed, ...uplinks];
}
