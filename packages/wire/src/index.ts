export { bytes, type Field, pad, rest, type Struct, struct, u8, u16, u32, u48, u64, type Value } from './field.ts';
export { DecodeError, Reader } from './reader.ts';
export { Writer } from './writer.ts';
