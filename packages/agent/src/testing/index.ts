export { Host, until } from './host.ts';
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
