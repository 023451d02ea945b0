/** What resources are tested with, from their declarations alone. */
import { type Field, fieldsOf, type Kind, otherField, parentField, resourceOf } from '@openvnet/model';
import type { TestManager } from '../testing.ts';

export type Form = Record<string, string>;

/** Values that no field of a kind takes. */
export const badOf: Record<Exclude<Field['type'], 'reference'>, string[]> = {
  text: ['x'.repeat(256), 'a\0b'],
  integer: ['', 'many', '1.5', '99999999999999999999', '-1'],
  boolean: ['', 'perhaps'],
  ipv4: ['', '10.0.0', '010.0.0.1', '10.0.0.256', 'here'],
  mac: ['', '52:54:00', 'zz:54:00:00:00:01', '52:54:00:00:00:01:02'],
  ipv4List: ['10.0.0', 'here', '10.0.0.1,'],
  time: ['', 'soon'],
  dpid: ['', '0x', 'bridge', '00000000000000001'],
  enum: ['', 'sideways'],
};

/** Makes what is good for a manager: values, forms, objects. */
export function samplesFor({ done }: Pick<TestManager, 'done'>) {
  let serial = 1;
  const fresh = (): number => serial++;
  const network = { ipv4_network: '10.0.0.0', ipv4_prefix: '16' };

  /** Values that are good for a field, each time another one. */
  function sampleOf(field: Field): string {
    const n = fresh();
    const samples: Record<Exclude<Field['type'], 'reference'>, string> = {
      text: `text ${n} ä`,
      integer: ['16', '1400'].find((number) => field.read(number) !== undefined) ?? '',
      boolean: 'yes',
      ipv4: `10.0.${n >> 8}.${n & 255}`,
      mac: `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`,
      ipv4List: `10.0.${n >> 8}.${n & 255},10.1.1.1`,
      time: '2026-01-31 12:00:00 UTC',
      dpid: n.toString(16),
      enum: field.values?.[0] ?? '',
    };
    return samples[field.type as keyof typeof samples];
  }

  /** A form that makes an object, with all that is required; makes what it refers to. */
  async function formFor(kind: Kind): Promise<Form> {
    const form: Form = {};
    for (const [name, field] of fieldsOf(resourceOf(kind))) {
      const { nested } = resourceOf(kind);
      if (field.optional || (nested && [parentField(nested), otherField(nested)].includes(name))) continue;
      form[name] = field.to ? (await made(field.to as Kind)).uuid : sampleOf(field);
    }
    return { ...form, ...(await peculiar[kind]?.()) };
  }

  /** What rules across objects ask of a form. */
  const peculiar: { readonly [K in Kind]?: () => Promise<Form> } = {
    dns_service: async () => ({
      network_service_uuid: (await done('POST', '/network_services', { mode: 'dns' })).uuid,
    }),
  };

  async function made(kind: Kind): Promise<{ uuid: string }> {
    return done('POST', `/${resourceOf(kind).plural}`, kind === 'network' ? network : await formFor(kind));
  }

  return { fresh, sampleOf, formFor, made };
}

export function modelOf(kind: string): string {
  return resourceOf(kind).model;
}

/** A refusal as the original words it. */
export function refusal(name: string, message: string, code: string) {
  return { error: `Vnet::Endpoints::Errors::${name}`, message, code };
}
