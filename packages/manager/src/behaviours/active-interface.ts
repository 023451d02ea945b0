import type { Behaviour } from './behaviour.ts';

export const activeInterface: Behaviour<'active_interface'> = {
  /** Agents say where interfaces are: it is no part of a topology. */
  byHand: () => false,
  /** An interface that has lost its place is at the one that has stood by for the longest. */
  follow: async (tx, touched) => {
    const left = touched.flatMap(({ kind, before, after }) =>
      kind === 'active_interface' && before && !before.standby && !after ? [before.interface_id] : [],
    );
    for (const interface_id of new Set(left)) {
      const rows = await tx.find('active_interface', { interface_id });
      const [oldest] = rows.toSorted((a, b) => a.id - b.id);
      if (oldest && rows.every(({ standby }) => standby))
        await tx.update('active_interface', oldest.id, { standby: false });
    }
  },
};
