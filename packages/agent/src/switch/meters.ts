import { meters } from '@openvnet/compiler';
import { type MeterConfig, meterFlags, type SwitchConnection } from '@openvnet/openflow';

/** The meter that Open vSwitch applies to all packets to its controllers (OFPM_CONTROLLER). */
const controllerMeter = 0xffff_fffe;
/** Rate (packets per second) and burst of punted packets of a switch; the switch drops the excess at no cost to the agent. */
const controllerRate = 1000;
const flags = meterFlags.pktps | meterFlags.burst;
/** The unit flags of a meter; other flags concern statistics. */
const telling = flags | meterFlags.kbps;

/** The meters that a served switch should have, with their rates. */
const wanted: ReadonlyMap<number, number> = new Map([
  ...Object.values(meters).flatMap(({ first, each, rate }) =>
    Array.from({ length: each }, (_, i) => [first + i, rate] as const),
  ),
  [controllerMeter, controllerRate],
]);

/** The number of meters that were missing or changed; undefined if the datapath has no meters. */
export type MendedMeters = number | undefined;

/**
 * Sets the meters of a switch. A flow requires its meter when it is added, so meters come before flows. If the datapath has
 * no meters, the agent's own limits still apply.
 */
export async function mendMeters(connection: SwitchConnection): Promise<MendedMeters> {
  const known = new Map((await connection.meters()).map((each) => [each.meter, each]));
  const wrong = [...wanted].filter(([meter, rate]) => !isAsWanted(known.get(meter), rate));
  for (const [i, [meter, rate]] of wrong.entries()) {
    const command = known.has(meter) ? 'modify' : 'add';
    const bands = [{ type: 'drop', rate, burst_size: rate }] as const;
    connection.send({ type: 'meter_mod', command, flags, meter, bands });
    // A datapath without meters refuses every one; a single request is enough to find out.
    if (i === 0 && command === 'add' && !(await connection.meters()).some((each) => each.meter === meter))
      return undefined;
  }
  return wrong.length;
}

function isAsWanted(meter: MeterConfig | undefined, rate: number): boolean {
  const [band, ...more] = meter?.bands ?? [];
  return (
    meter !== undefined &&
    (meter.flags & telling) === flags &&
    band?.type === 'drop' &&
    band.rate === rate &&
    band.burst_size === rate &&
    more.length === 0
  );
}
