import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Create,
  fieldsOf,
  kinds,
  parametersOf,
  type Row,
  resourceOf,
  type resources,
  type Update,
} from './index.ts';

describe('resources', () => {
  it('give rows with ids for references and numbers for addresses', () => {
    type Lease = Row<typeof resources.ip_lease>;
    expectTypeOf<Lease['ipv4_address']>().toEqualTypeOf<number>();
    expectTypeOf<Lease['network_id']>().toEqualTypeOf<number>();
    expectTypeOf<Lease['interface_id']>().toEqualTypeOf<number | null>();
    expectTypeOf<Row<typeof resources.network>['mode']>().toEqualTypeOf<'physical' | 'virtual' | 'internal' | null>();
    expectTypeOf<Row<typeof resources.route>['ipv4_prefix']>().toEqualTypeOf<number>();
  });

  it('type what a request holds', () => {
    const smallest: Create<typeof resources.network> = { ipv4_network: '10.0.0.0' };
    const larger: Create<typeof resources.interface> = { uuid: 'if-a', mode: 'vif', mac_address: '52:54:00:00:00:01' };
    // @ts-expect-error a network needs an address
    const lacking: Create<typeof resources.network> = { ipv4_prefix: 24 };
    // @ts-expect-error a prefix is a number
    const mistaken: Create<typeof resources.network> = { ipv4_network: '10.0.0.0', ipv4_prefix: '24' };
    expect([smallest, larger, lacking, mistaken]).toHaveLength(4);
    expectTypeOf<keyof Update<typeof resources.network>>().toEqualTypeOf<'display_name' | 'domain_name' | 'mtu'>();
  });

  it('refer only to kinds that exist, by the name of the kind', () => {
    for (const kind of kinds) {
      for (const [name, field] of parametersOf(resourceOf(kind))) {
        if (field.type !== 'reference') continue;
        expect(() => resourceOf(field.to!)).not.toThrow();
        expect(name).toMatch(/_uuid$/);
      }
      for (const { columns } of resourceOf(kind).unique ?? []) {
        const known = fieldsOf(resourceOf(kind)).map(([name, field]) =>
          field.type === 'reference' ? name.replace(/_uuid$/, '_id') : name,
        );
        for (const column of columns) expect(known).toContain(column);
      }
    }
  });
});
