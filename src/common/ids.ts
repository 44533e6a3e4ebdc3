import { v7 } from 'uuid';

/** UUIDs of any version. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** A new UUIDv7 (RFC 9562, section 5.7); those of one process are in strictly ascending order, but for times of history. */
export const newId = (time?: Date): string => v7(time && { msecs: time.getTime() });

/** The moment a UUIDv7 was made, which is also the creation time of what it names. */
export const timeOfId = (id: string): Date => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** The smallest UUID whose time is `time`: ids of things created before it sort below, all others above. */
export function firstIdAt(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
