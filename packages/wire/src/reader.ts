/** Input that cannot be decoded. The message says what is wrong and at which byte of the whole input. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/**
 * Reads big-endian numbers and byte runs from `bytes`, which it neither copies nor changes. `take` is the only bounds
 * check: everything else goes through it. Offsets are those of the outermost input, also in a `sub` reader.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Skips `size` bytes and returns the offset at which they begin. Throws `DecodeError` if fewer are left. */
  take(size: number): number {
    const at = this.#at;
    if (size < 0 || size > this.#end - at) {
      throw new DecodeError(`${size} bytes expected, ${this.#end - at} left`, at);
    }
    this.#at = at + size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.take(4));
  }

  /** 48 bits, the size of a MAC address, as an exact number. */
  u48(): number {
    const at = this.take(6);
    return this.#view.getUint16(at) * 0x1_0000_0000 + this.#view.getUint32(at + 2);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.take(8));
  }

  /** A view of the next `size` bytes; valid as long as the input is. */
  bytes(size: number): Uint8Array {
    const at = this.take(size);
    return this.#bytes.subarray(at, at + size);
  }

  /** A view of the bytes that are left. The reader does not advance. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  /** A view of the bytes that are left. The reader advances to the end. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A reader of exactly the next `size` bytes. This reader advances past them. */
  sub(size: number): Reader {
    const at = this.take(size);
    return new Reader(this.#bytes, at, at + size);
  }

  /** Throws `DecodeError` if bytes are left. `what` names the structure that should have ended. */
  end(what: string): void {
    if (this.remaining > 0) throw new DecodeError(`${this.remaining} bytes too many in ${what}`, this.#at);
  }

  fail(message: string): never {
    throw new DecodeError(message, this.#at);
  }
}
