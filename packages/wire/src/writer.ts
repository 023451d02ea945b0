/**
 * Writes big-endian numbers and byte runs into a buffer that grows. `finish` returns the bytes, which are never
 * rewritten afterwards. A number that does not fit its width throws `RangeError`.
 */
export class Writer {
  #buffer: Buffer;
  #size = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** How many bytes have been written. */
  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#buffer.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#buffer.writeUInt16BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  /** 48 bits, the size of a MAC address. */
  u48(value: number): this {
    const at = this.#reserve(6);
    this.#buffer.writeUIntBE(value, at, 6);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64BE(value, at);
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
    this.#buffer.writeUInt16BE(value, at);
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
    }
    this.#size = needed;
    return at;
  }
}
