import { ApiError, ipv4ToText, macToText } from '@openvnet/model';
import type { Behaviour } from './behaviour.ts';

export const macRange: Behaviour<'mac_range'> = {
  complete(_tx, values) {
    requireOrder('mac_address', [values.begin_mac_address, values.end_mac_address], macToText);
    return values;
  },
};

export const ipRange: Behaviour<'ip_range'> = {
  complete(_tx, values) {
    requireOrder('ipv4_address', [values.begin_ipv4_address, values.end_ipv4_address], ipv4ToText);
    return values;
  },
};

function requireOrder(what: string, [begin, end]: [number, number], shown: (address: number) => string): void {
  if (begin <= end) return;
  throw new ApiError('argument', `begin_${what} ${shown(begin)} is greater than end_${what} ${shown(end)}`);
}
