export { Agent, type AgentOptions } from './agent.ts';
export { agentSettings } from './settings.ts';
