export { Agent, type AgentOptions, version } from './agent.ts';
export { agentSettings } from './settings.ts';
