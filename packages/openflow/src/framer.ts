import { DecodeError } from '@openvnet/wire';
import { headerSize } from './messages.ts';

/**
 * Splits a stream into messages. Messages are views of the given chunks, or copies if a message
 * spans several chunks.
 */
export class Framer {
  readonly #each: (message: Buffer) => void;
  #parts: Buffer[] = [];
  #size = 0;
  #needed = headerSize;

  constructor(each: (message: Buffer) => void) {
    this.#each = each;
  }

  /** Takes the next chunk. Throws `DecodeError` if a header is invalid; the stream cannot be read any further then. */
  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return;
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#size);
    let at = 0;
    this.#needed = headerSize;
    while (bytes.length - at >= headerSize) {
      const size = bytes.readUInt16BE(at + 2);
      if (size < headerSize) throw new DecodeError(`a message of ${size} bytes`, at + 2);
      if (bytes.length - at < size) {
        this.#needed = size;
        break;
      }
      this.#each(bytes.subarray(at, at + size));
      at += size;
    }
    this.#parts = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#size = bytes.length - at;
  }
}
