/**
 * Writes big-endian numbers and byte runs into a buffer that grows. `finish` returns the bytes, which are never
 * rewritten afterwards. A number that does not fit its width throws `RangeError`.
 */
export class Writer {
  #buffer: Buffer;
  // Of the same bytes: numbers are written many times faster through a view than through a buffer.
  #view: DataView;
  #size = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
    this.#view = viewOf(this.#buffer);
  }

  /** How many bytes have been written. */
  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    if (value !== (value & 0xff)) throw misfit(value, 8);
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    if (value !== (value & 0xffff)) throw misfit(value, 16);
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    if (value !== value >>> 0) throw misfit(value, 32);
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** 48 bits, the size of a MAC address. */
  u48(value: number): this {
    const high = Math.floor(value / 0x1_0000_0000);
    if (high !== (high & 0xffff) || !Number.isInteger(value)) throw misfit(value, 48);
    const at = this.#reserve(6);
    this.#view.setUint16(at, high);
    this.#view.setUint32(at + 2, value - high * 0x1_0000_0000);
    return this;
  }

  u64(value: bigint): this {
    if (value !== BigInt.asUintN(64, value)) throw misfit(value, 64);
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  /** Text in which each character stands for one byte (latin1), as `latin1` returns it. */
  latin1(text: string): this {
    const at = this.#reserve(text.length);
    this.#buffer.write(text, at, 'latin1');
    return this;
  }

  zeros(size: number): this {
    const at = this.#reserve(size);
    // A loop, because `fill` is slower for the few bytes of a padding.
    for (let i = at; i < at + size; i++) this.#buffer[i] = 0;
    return this;
  }

  /** Zeros up to the next multiple of `boundary` bytes, counted from `start`. */
  align(boundary: number, start = 0): this {
    const over = (this.#size - start) % boundary;
    return over === 0 ? this : this.zeros(boundary - over);
  }

  /** Overwrites the 16-bit number at `at`, for a length that is known only after its contents are written. */
  patchU16(at: number, value: number): this {
    if (value !== (value & 0xffff)) throw misfit(value, 16);
    this.#view.setUint16(at, value);
    return this;
  }

  /** The bytes from `start` to `end` as latin1 text: a copy, so the writer may be used again. */
  text(start: number, end: number): string {
    return this.#buffer.toString('latin1', start, end);
  }

  /** Discards what has been written and keeps the memory. Only for a writer whose bytes are read with `text`. */
  reset(): this {
    this.#size = 0;
    return this;
  }

  /** What has been written, as a view; the writer may not be used again. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  #reserve(size: number): number {
    const at = this.#size;
    const needed = at + size;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
      this.#view = viewOf(grown);
    }
    this.#size = needed;
    return at;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function misfit(value: number | bigint, bits: number): RangeError {
  return new RangeError(`${value} does not fit ${bits} bits`);
}
