export { actionsOf } from './actions.ts';
export { agoText, agoTextOf } from './ago.ts';
export { commandOn, dashed } from './command.ts';
export { contained } from './contained.ts';
export { ApiError, type ApiErrorKind, apiErrors, readable } from './errors.ts';
export type { Event, EventsAnswer } from './events.ts';
export * from './feed.ts';
export { boolean, integer, ipv4Address, oneOf, parsePrefix, reference, text } from './field.ts';
export { type Field, inOneLine } from './field-type.ts';
export type {
  Bound,
  BridgeReport,
  Notice,
  PacketCounts,
  PortsAnswer,
  PortsReport,
  Report,
  SelfCheckReport,
  ToManager,
  UnderlayReport,
  Waiting,
} from './from-agents.ts';
export * from './inside.ts';
export { nearest } from './nearest.ts';
export { nodeName } from './node-name.ts';
export { parsePrintable, printable, printableDeep, printableJson } from './printable.ts';
export * from './questions.ts';
export {
  type Action,
  type Create,
  columnOf,
  fieldsOf,
  type Nested,
  otherField,
  parametersOf,
  parentField,
  type Resource,
  type Row,
  removalOptionsOf,
  removalParametersOf,
  type Update,
} from './resource.ts';
export { type Encapsulation, encapsulations } from './resources/datapath.ts';
export { type Kind, kinds, type RowOf, resourceOf, resources } from './resources/index.ts';
export { kindsInOrder, nestedIn, topKinds } from './resources/order.ts';
export { shell } from './shell.ts';
export type { ObjectStatus, SystemStatus } from './status.ts';
export {
  ipv4ToText,
  isUnicastMac,
  macToText,
  networkAddress,
  parseDatapathId,
  parseIpv4,
  parseMac,
  prefixMask,
  timeToText,
} from './text.ts';
export { mostFloodHosts, narrowestPath, pathBetween, type UnderlayPath } from './underlay-path.ts';
export { type Joined, joinedByUplink } from './uplink.ts';
export { freshUuid, isPathUuid, isUuid } from './uuid.ts';
