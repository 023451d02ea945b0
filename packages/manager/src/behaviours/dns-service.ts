import { ApiError } from '@openvnet/model';
import { byId, rawOf } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';
import { askServices } from './network-service.ts';

export const dnsService: Behaviour<'dns_service'> = {
  async complete(tx, values) {
    const { uuid, mode } = (await tx.get('network_service', values.network_service_id))!;
    if (mode === 'dns') return values;
    throw new ApiError('argument', `network_service_uuid ${uuid} is of mode ${mode}`, {
      hint: 'Expected one of mode dns. Use: vnctl network-services add --mode dns --interface-uuid INTERFACE',
    });
  },
  async askHosts(hosts, rows) {
    const services = await hosts.store.read((reader) =>
      byId(
        reader,
        'network_service',
        rows.map((row) => row.network_service_id),
      ),
    );
    return askServices(
      hosts,
      rows.map((row) => services.get(row.network_service_id) ?? { interface_id: null }),
    );
  },
  async view(reader, rows) {
    const services = await byId(
      reader,
      'network_service',
      rows.map((row) => row.network_service_id),
    );
    return rows.map((row) => ({ network_service: rawOf(services.get(row.network_service_id)) }));
  },
};
