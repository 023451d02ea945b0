import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { DecodeError } from '@openvnet/wire';
import { describe, expect, it } from 'vitest';
import { actionTypes } from './actions.ts';
import { fields } from './fields.ts';
import { decodeMessage, encodeMessage, type Message, messageTypes } from './messages.ts';

const folder = new URL('../fixtures/', import.meta.url);
const fixtures = readdirSync(folder).map((file) => {
  const [hex, text] = readFileSync(new URL(file, folder), 'utf8').split('\n--\n') as [string, string];
  return {
    name: file.replace('.txt', ''),
    bytes: Buffer.from(hex.replace(/#.*/g, '').replace(/\s/g, ''), 'hex'),
    text,
  };
});

describe.each(fixtures)('fixture $name', ({ bytes, text }) => {
  it('is written as it was read', () => {
    const { message, xid } = decodeMessage(bytes);
    expect(message.type).not.toBe('unknown');
    expect(encodeMessage(message, xid).toString('hex')).toBe(bytes.toString('hex'));
  });

  it('is what Open vSwitch says it is', () => {
    expect(execFileSync('ovs-ofctl', ['ofp-print', bytes.toString('hex')], { encoding: 'utf8' })).toBe(text);
  });

  it('fails only with a decode error, wherever it is cut', () => {
    for (let size = 0; size < bytes.length; size++) {
      const cut = Buffer.from(bytes.subarray(0, size));
      readable(cut);
      if (size >= 8) readable(withSize(cut));
    }
  });

  it('fails only with a decode error, whichever bit is flipped', () => {
    const flipped = Buffer.from(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      readable(flipped);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});

describe('fixtures', () => {
  const messages = fixtures.map(({ bytes }) => decodeMessage(bytes).message);

  it('cover every message', () => {
    expect(messageTypes.filter((type) => !messages.some((message) => message.type === type))).toEqual([]);
  });

  it('cover every action', () => {
    const seen = new Set<string>();
    const note = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      if ('type' in value) seen.add(String(value.type));
      Object.values(value).forEach(note);
    };
    messages.forEach(note);
    expect(actionTypes.filter((type) => !seen.has(type))).toEqual([]);
  });

  it('cover every match field', () => {
    const internal = ['packet_type', 'dp_hash', 'recirc_id'];
    const seen = new Set(
      messages.flatMap((message: Message) => ('match' in message ? Object.keys(message.match!) : [])),
    );
    const matchable = Object.entries(fields).filter(([, { actionsOnly }]) => !actionsOnly);
    expect(matchable.map(([name]) => name).filter((name) => !seen.has(name) && !internal.includes(name))).toEqual([]);
  });
});

/** Reads what may or may not be a message. */
function readable(bytes: Buffer): void {
  try {
    decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

function withSize(bytes: Buffer): Buffer {
  bytes.writeUInt16BE(bytes.length, 2);
  return bytes;
}
