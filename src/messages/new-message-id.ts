import { randomFillSync } from 'node:crypto';

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
