/**
 * What actions do, apart from how they are written: how each runs on a packet and how it reads. This package runs nothing
 * itself; a simulated switch gives the machine, and whoever shows flows gives the words.
 */
import { type FieldName, fields } from './fields.ts';
import type { Subfield } from './subfield.ts';
import type { Variant } from './variant.ts';

/** A switch with a packet in hand, as actions see it. */
export interface Machine {
  /** Bytes of the frame. */
  readonly size: number;
  readonly read: (place: Subfield) => bigint;
  readonly write: (place: Subfield, value: bigint) => void;
  /** Sends a copy out at a port, by its number on the wire. */
  readonly output: (port: number) => void;
  /** Takes the packet to a table and comes back. */
  readonly resubmit: (table: number) => void;
  /** Does nothing more with the packet. */
  readonly stop: () => void;
  /** Hands a copy to the controller, with these bytes if there are any. */
  readonly punt: (userdata: Uint8Array | undefined) => void;
  /** Looks a connection up, and takes a copy that knows it on at `table`, after `change` has been done to it. */
  readonly track: (tracking: Tracking) => void;
}

export interface Tracking {
  readonly zone: number;
  /** Whether a connection that is new is noted. */
  readonly commit: boolean;
  readonly table: number | undefined;
  readonly change: () => void;
}

/** What actions name, in words. */
export interface Words {
  readonly place: (place: Subfield) => string;
  /** A value of a field, or of a part of one. */
  readonly value: (place: Subfield, value: bigint) => string;
  readonly port: (number: number) => string;
  readonly table: (number: number) => string;
  /** The size of a frame, in bytes. */
  readonly size: (bytes: number) => string;
  /** Why a packet goes to the controller; undefined where it is not said. */
  readonly reason: (userdata: Uint8Array | undefined) => string | undefined;
}

/** What an action means. One that does not say how it runs is not simulated; one that does not say how it reads goes by its name. */
export interface Meaning<T> {
  readonly run?: (machine: Machine, action: T) => void;
  readonly reads?: (words: Words, action: T) => string;
}

/** A variant with its meaning. */
export function meant<T>(variant: Variant<T>, meaning: Meaning<T>): Variant<T> & Meaning<T> {
  return { ...variant, ...meaning };
}

/** All bits of a field. */
export function wholeOf(field: FieldName): Subfield {
  return { field, offset: 0, bits: fields[field].bits };
}
