import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** UUIDs of any version. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** A new UUIDv7 (RFC 9562, section 5.7); those of one process are in strictly ascending order. */
export const newId = (): string => v7();

/** The moment a UUIDv7 was made, which is also the creation time of what it names. */
export const timeOfId = (id: string): Date => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** The smallest UUID whose time is `time`: ids of things created before it sort below, all others above. */
export function firstIdAt(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * A UUIDv7 that carries the message's sequence in its last 32 bits (RFC 9562, section 6.2 lets a counter stand
 * there), so that a message is found by its id along the primary key, without an index of its own.
 */
export function newMessageId(time: Date, sequence: number): string {
  const bytes = randomBlock();
  bytes.writeUIntBE(time.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  bytes.writeUInt32BE(sequence, 12);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The sequence in an id made by `newMessageId`; of any other UUID, a number that names no message. */
export const sequenceOfMessageId = (id: string): number => Number.parseInt(id.slice(28), 16);

const BLOCK_BYTES = 16;
const randomness = Buffer.alloc(256 * BLOCK_BYTES);
let taken = randomness.length;

/** Random bytes nobody had before, drawn from the system many at a time: a draw costs more than all else of an id. */
function randomBlock(): Buffer {
  if (taken === randomness.length) {
    randomFillSync(randomness);
    taken = 0;
  }
  return randomness.subarray(taken, (taken += BLOCK_BYTES));
}
