export { Agent, type AgentOptions, version } from './agent.ts';
export { features } from './features/index.ts';
export { places, registers } from './pipeline/registers.ts';
export { tableNames, tables } from './pipeline/tables.ts';
export { agentSettings } from './settings.ts';
