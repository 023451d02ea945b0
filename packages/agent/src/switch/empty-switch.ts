import type { SwitchConnection } from '@openvnet/openflow';

const allTables = 0xff;
const allGroups = 0xffff_fffc;
const allMeters = 0xffff_ffff;

/** Deletes all flows, groups and meters, also those of other programs; the switch then forwards nothing. */
export async function emptySwitch(connection: SwitchConnection): Promise<void> {
  connection.send({ type: 'flow_mod', command: 'delete', table: allTables });
  connection.send({ type: 'group_mod', command: 'delete', group_type: 'all', group: allGroups });
  // A datapath without meters refuses this, which the connection reports as an error; there is nothing to delete then.
  connection.send({ type: 'meter_mod', command: 'delete', meter: allMeters });
  await connection.barrier();
  const left = await connection.flowCount();
  if (left > 0) throw new Error(`${left} ${left === 1 ? 'flow is' : 'flows are'} still there`);
}
