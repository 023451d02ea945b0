/** On a slow machine everything may take `OPENVNET_LAB_PATIENCE` times as long: limits of the lab and its tests, not of the programs. */
export const patience = read(process.env.OPENVNET_LAB_PATIENCE);

function read(text = '1'): number {
  const factor = Number(text);
  if (factor >= 1 && factor <= 100) return factor;
  throw new Error(`OPENVNET_LAB_PATIENCE is ${text}; expected a number from 1 to 100`);
}
