/** A complete message that can be copied into a buffer: its bytes, or an object that writes them. */
export interface Outgoing {
  readonly length: number;
  readonly copy: (to: Buffer, at: number) => unknown;
}

/** The bytes of a message, as a copy. */
export function messageBytes(message: Outgoing): Buffer {
  const bytes = Buffer.allocUnsafe(message.length);
  message.copy(bytes, 0);
  return bytes;
}
