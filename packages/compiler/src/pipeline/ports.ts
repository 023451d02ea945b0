import { reservedPorts } from '@openvnet/openflow';

/** The bridge's own port, which is the host, as the switch's database and 16 bit registers have it. */
export const localPort = 0xfffe;
const firstReserved = 0xff00;
const widening = 0xffff_0000;

/** A port number as OpenFlow 1.3 has it: reserved ones are wider there. */
export function wirePort(port: number): number {
  return port >= firstReserved && port <= 0xffff ? port + widening : port;
}

/** The port as everything here has it. OpenFlow 1.3, A.2.1; `OFPP_LOCAL` is the only reserved one at which packets come in. */
export function portFromWire(port: number): number {
  return port >= reservedPorts.max ? port - widening : port;
}
