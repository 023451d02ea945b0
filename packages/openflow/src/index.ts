export { type Action, actionInWords, decodeActions, encodeActions, reservedPorts, runAction } from './actions.ts';
export type { BundleOptions } from './bundle.ts';
export { configuration } from './configuration.ts';
export {
  type ConnectionEvents,
  type ConnectionOptions,
  type FlowFilter,
  type InstalledFlow,
  SwitchConnection,
} from './connection.ts';
export { type DialOptions, dial, type KeepDialingOptions, keepDialing } from './dial.ts';
export { ConnectionError, errorReason, type RefusedMessage, SwitchError, VersionError } from './errors.ts';
export { type FieldName, fields } from './fields.ts';
export {
  decodeFlow,
  type EncodedFlow,
  encodeFlow,
  type Flow,
  type FlowCounters,
  FlowMod,
  flowFlags,
} from './flow.ts';
export type { FlowUpdate } from './flow-monitor.ts';
export type { Instruction } from './instructions.ts';
export { type LearnPart, learnFlags } from './learn.ts';
export { type Listener, type ListenOptions, listen } from './listen.ts';
export { decodeMatch, encodeMatch, type Match, type MatchValue } from './match.ts';
export type { Machine, Tracking, Words } from './meaning.ts';
export { decodeMessage, encodeMessage, type Message, type MessageOf, type Received } from './messages.ts';
export type { MeterConfig, MultipartReply, MultipartRequest, PortDescription } from './multipart.ts';
export type { Nat } from './nat.ts';
export type { PacketIn } from './packet-in.ts';
export { type MeterBand, meterFlags, portConfig, portState } from './structures.ts';
export type { Subfield } from './subfield.ts';
