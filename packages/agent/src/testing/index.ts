export { calls, ordered } from './field-report.ts';
export { dpid, Host, hasSettled, until } from './host.ts';
export { RogueSwitch } from './rogue-switch.ts';
export {
  address,
  arpRequest,
  broadcast,
  datagram,
  echo,
  everyone,
  macText,
  packet,
  type Station,
  Wires,
} from './wires.ts';
