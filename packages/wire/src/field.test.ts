import { describe, expect, it } from 'vitest';
import { bytes, DecodeError, pad, Reader, rest, struct, u8, u16, u32, u48, u64, Writer } from './index.ts';

const header = struct({ type: u8, _: pad(1), size: u16, xid: u32, mac: u48, cookie: u64, name: bytes(2), body: rest });
const value = {
  type: 7,
  size: 0x1234,
  xid: 0xffff_ffff,
  mac: 0x5254_000d_8401,
  cookie: 1n << 63n,
  name: Uint8Array.of(1, 2),
  body: Uint8Array.of(3),
};

function written(): Buffer {
  const to = new Writer(1);
  header.write(to, value);
  return to.finish();
}

describe('struct', () => {
  it('writes its fields in order and reads them back', () => {
    expect(written().toString('hex')).toBe('07001234ffffffff5254000d840180000000000000000102' + '03');
    const { name, body, ...numbers } = header.read(new Reader(written()));
    expect({ ...numbers, name: [...name], body: [...body] }).toEqual({ ...value, name: [1, 2], body: [3] });
  });

  it('refuses an input that was cut anywhere, naming the byte', () => {
    for (let size = 0; size < 24; size++) {
      expect(() => header.read(new Reader(written().subarray(0, size)))).toThrow(DecodeError);
    }
    expect(() => u32.read(new Reader(Uint8Array.of(1, 2)))).toThrow('4 bytes expected, 2 left at byte 0');
  });

  it('refuses a number that does not fit', () => {
    expect(() => u8.write(new Writer(), 256)).toThrow(RangeError);
    expect(() => u48.write(new Writer(), 2 ** 48)).toThrow(RangeError);
  });

  it('knows its size where every field does', () => {
    expect(struct({ a: u8, _: pad(3), b: u32 }).size).toBe(8);
    expect(header.size).toBeUndefined();
  });
});

describe('Reader', () => {
  it('gives a sub reader that ends where it should and counts from the outermost byte', () => {
    const outer = new Reader(Uint8Array.of(0, 1, 2, 3));
    outer.take(1);
    const inner = outer.sub(2);
    expect(inner.peek()).toEqual(Uint8Array.of(1, 2));
    expect(inner.u8()).toBe(1);
    expect(() => inner.u16()).toThrow('2 bytes expected, 1 left at byte 2');
    expect(() => inner.end('the part')).toThrow('1 bytes too many in the part at byte 2');
    expect(outer.u8()).toBe(3);
  });
});

describe('Writer', () => {
  it('aligns, patches and grows', () => {
    const to = new Writer(1).u16(0).u8(9).align(8).latin1('\xff');
    expect(to.patchU16(0, to.size).finish().toString('hex')).toBe('0009090000000000ff');
  });

  it('gives its bytes as text and can then be used again', () => {
    const to = new Writer(1).u16(0x41ff);
    expect(to.text(0, 2)).toBe('A\xff');
    expect(to.reset().u8(0x42).text(0, to.size)).toBe('B');
  });
});
