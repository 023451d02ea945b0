export { adoptedFlows, adoptedRows } from './engine/adoption.ts';
export { Cache } from './engine/cache.ts';
export { Compiler } from './engine/compiler.ts';
export { conflicts } from './engine/conflicts.ts';
export { faultOfNobody, faultyObjects, objectOf as objectOfItem } from './engine/faults.ts';
export {
  type Answer,
  type Conversation,
  cookieIn,
  cookieOf,
  type Exchange,
  type Limit,
  type Lookup,
  learnedFlows,
  type NoAnswer,
  type Reply,
  readCookie,
  type StationAddress,
  type Unresolved,
  type Wait,
  waiting,
} from './engine/feature.ts';
export { FlowTable } from './engine/flow-table.ts';
export { wasLearned } from './engine/learned.ts';
export { localRelations } from './engine/local-relations.ts';
export { type NamedObject, named, namesOf, ownerOf } from './engine/owners.ts';
export { type Identified, Relation } from './engine/relation.ts';
export {
  type ModelRelations,
  type ModelRows,
  modelRelations,
  type PortFacts,
  portOf,
  type Relations,
  type Resolved,
  type Station,
  View,
} from './engine/relations.ts';
export type { Disagreement, SelfCheck } from './engine/self-check.ts';
export { dns } from './features/dns.ts';
export { answerDns } from './features/dns-answer.ts';
export { derivations, features } from './features/index.ts';
export { tunnelsWanted } from './features/peers.ts';
export { route } from './features/route.ts';
export { isElsewhere, standsBy } from './features/standby.ts';
export { arrivalsFrom, tunnelProbe } from './features/tunnel-probe.ts';
export { decidedBy, type Inspected, readShownFlows } from './inside/flows.ts';
export { trace, traceArrival } from './inside/trace.ts';
export { ask, isWithin, load, output, trackState } from './pipeline/flow.ts';
export { meters } from './pipeline/meters.ts';
export { freePlaces, places, registerAt, registersIn } from './pipeline/places.ts';
export { localPort, portFromWire } from './pipeline/ports.ts';
export { type RegisterName, registers } from './pipeline/registers.ts';
export { type AgentReason, agentReads, agentReasons, tableNames, tableNumbers, tables } from './pipeline/tables.ts';
export { Connections } from './simulate/connections.ts';
export { type Outcome, type Packet, program, simulate, type Taken } from './simulate/simulate.ts';
