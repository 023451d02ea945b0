import type { AnyDerivation } from '../engine/feature.ts';
import type { AnyFeature } from '../engine/stages.ts';
import {
  attachments,
  floodParts,
  otherFloodParts,
  segmentMembers,
  staticNetworkMembers,
  staticSegmentMembers,
  uplinkMembers,
} from './attachments.ts';
import { bindings } from './bindings.ts';
import { broadcast, flood } from './broadcast.ts';
import { networkDomains, segmentDomains } from './broadcast-domains.ts';
import { delivery } from './delivery.ts';
import { dhcp, dhcpAdmission, dhcpOutside } from './dhcp.ts';
import { dns } from './dns.ts';
import { dnsTcp } from './dns-tcp.ts';
import { edges, remoteUplinks } from './edges.ts';
import { filter, filterRules } from './filter.ts';
import { gateway } from './gateway.ts';
import { guard } from './guard.ts';
import { handOver, tunnelHandOver } from './hand-over.ts';
import { icmpTranslation } from './icmp-translation.ts';
import { identity } from './identity.ts';
import { neighbour } from './neighbour.ts';
import { nextHop, resolved } from './next-hop.ts';
import { byWire, gatewayElsewhere, outside, resume } from './outside.ts';
import { pathMtu } from './path-mtu.ts';
import { peers } from './peers.ts';
import { refused } from './refused.ts';
import { floodPeers, remoteDelivery, remoteIdentity, remoteMembers, remoteNeighbour } from './remotes.ts';
import { replyLimit } from './reply-limit.ts';
import { route } from './route.ts';
import { filterings, ruleSets } from './rule-sets.ts';
import { segment } from './segment.ts';
import { announcement, standby } from './standby.ts';
import { stations } from './stations.ts';
import { strangers } from './strangers.ts';
import { translation, translator } from './translation.ts';
import { translationFragments } from './translation-fragments.ts';
import { peer, tunnel } from './tunnel.ts';
import { unanswered } from './unanswered.ts';
import { uplink } from './uplink.ts';
import { openNetworks, uplinks } from './uplinks.ts';

/** In the order in which they are computed: each reads only what the model and those before it hold. */
export const derivations: readonly AnyDerivation[] = [
  networkDomains,
  segmentDomains,
  bindings,
  uplinks,
  openNetworks,
  attachments,
  segmentMembers,
  staticNetworkMembers,
  staticSegmentMembers,
  uplinkMembers,
  floodParts,
  otherFloodParts,
  peers,
  remoteUplinks,
  edges,
  remoteMembers,
  floodPeers,
  stations,
  filterings,
  ruleSets,
];

/** Every function of the data plane. A new one is its file and its line here. */
export const features: readonly AnyFeature[] = [
  guard,
  identity,
  refused,
  neighbour,
  delivery,
  broadcast,
  flood,
  gateway,
  route,
  segment,
  tunnel,
  peer,
  remoteNeighbour,
  remoteIdentity,
  remoteDelivery,
  standby,
  announcement,
  uplink,
  strangers,
  outside,
  resume,
  gatewayElsewhere,
  byWire,
  nextHop,
  resolved,
  pathMtu,
  filter,
  filterRules,
  translator,
  translation,
  translationFragments,
  icmpTranslation,
  handOver,
  tunnelHandOver,
  replyLimit,
  dhcp,
  dhcpAdmission,
  dhcpOutside,
  dns,
  dnsTcp,
  unanswered,
];
