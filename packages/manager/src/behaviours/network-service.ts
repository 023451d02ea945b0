import { byId, rawOf } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

export const networkService: Behaviour<'network_service'> = {
  async view(reader, rows) {
    const interfaces = await byId(
      reader,
      'interface',
      rows.map((row) => row.interface_id),
    );
    return rows.map((row) => ({ interface: rawOf(interfaces.get(row.interface_id ?? 0)) }));
  },
};
