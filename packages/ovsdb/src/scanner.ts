import { OvsdbError } from './error.ts';

const [quote, backslash] = [0x22, 0x5c];
const [braceOpen, braceClose, bracketOpen, bracketClose] = [0x7b, 0x7d, 0x5b, 0x5d];
const whitespace: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** Larger than any Open vSwitch database; a longer message is not JSON-RPC. */
const maxValueSize = 256 * 1024 * 1024;

/**
 * Finds the JSON objects and arrays that follow each other in a stream without framing. It looks at bytes: no byte of a
 * character beyond ASCII is a bracket or a quote, so a chunk may end anywhere. After an error it may not be used again.
 */
export class Scanner {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** The beginning of a value that continues in the next chunk. */
  #parts: Uint8Array[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** The values that end in `chunk`, in order. Throws `OvsdbError` if the stream is not JSON. */
  *push(chunk: Uint8Array): Generator<unknown, void> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#depth === 0 && whitespace.includes(byte)) start = at + 1;
      else if (this.#ends(byte)) {
        this.#keep(chunk.subarray(start, at + 1));
        yield this.#value();
        start = at + 1;
      }
    }
    // The chunk may be a view of a buffer that is reused.
    if (start < chunk.length) this.#keep(Buffer.from(chunk.subarray(start)));
  }

  /** Whether a value ends with this byte. */
  #ends(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
      return false;
    }
    if (byte === braceOpen || byte === bracketOpen) this.#depth++;
    else if (this.#depth === 0) {
      throw new OvsdbError(`unreadable: byte 0x${byte.toString(16).padStart(2, '0')} where a message should begin`);
    } else if (byte === braceClose || byte === bracketClose) this.#depth--;
    else if (byte === quote) this.#inString = true;
    return this.#depth === 0;
  }

  #keep(part: Uint8Array): void {
    this.#size += part.length;
    if (this.#size > maxValueSize) throw new OvsdbError(`unreadable: a message is longer than ${maxValueSize} bytes`);
    this.#parts.push(part);
  }

  #value(): unknown {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    try {
      return JSON.parse(this.#utf8.decode(bytes));
    } catch (cause) {
      throw new OvsdbError(`unreadable: ${(cause as Error).message}`, {}, { cause });
    }
  }
}
