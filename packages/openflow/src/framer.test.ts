import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from './framer.ts';
import { encodeMessage } from './messages.ts';

const messages = [0, 1, 100, 60_000, 7].map((size, xid) =>
  encodeMessage({ type: 'echo_request', data: new Uint8Array(size).fill(xid) }, xid),
);
const stream = Buffer.concat(messages);

describe('Framer', () => {
  it('gives the same messages however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const found: Buffer[] = [];
        const framer = new Framer((message) => found.push(message));
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), stream.length]) {
          framer.push(stream.subarray(at, cut));
          at = cut;
        }
        expect(found.map((message) => message.length)).toEqual(messages.map((message) => message.length));
        expect(Buffer.concat(found).equals(stream)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('takes a stream byte by byte', () => {
    const found: number[] = [];
    const framer = new Framer((message) => found.push(message.length));
    for (const byte of stream.subarray(0, 200)) framer.push(Buffer.of(byte));
    expect(found).toEqual([8, 9, 108]);
  });

  it('refuses a header whose length is less than its own', () => {
    const framer = new Framer(() => {});
    expect(() => framer.push(Buffer.from('0400000700000000', 'hex'))).toThrow(DecodeError);
  });
});
