import { isObject, numberOf } from '../json.js';

const UNITS = [
  { below: 1e11, toMs: (value: number) => Math.floor(Math.round(value * 1e6) / 1e3) }, // seconds
  { below: 1e14, toMs: Math.floor },
  { below: 1e17, toMs: (value: number) => Math.floor(value / 1e3) },
  { below: 1e20, toMs: (value: number) => Math.floor(value / 1e6) },
] as const;

/** RFC 3339 and what is near it: a blank for the T, no zone (then UTC), a date alone. */
const TEXT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?$/i;

/** Milliseconds since 1970, cut, from any of the ways in which chats write a time; undefined for all else, and before 1970. */
export function timeOf(value: unknown): number | undefined {
  const ms = isObject(value) ? ofObject(value) : (ofNumber(numberOf(value)) ?? ofText(value));
  return ms !== undefined && ms >= 0 && ms < 253_402_300_800_000 ? ms : undefined;
}

function ofNumber(value: number | undefined): number | undefined {
  if (value === undefined || value <= 0) return undefined;
  return UNITS.find(({ below }) => value < below)?.toMs(value);
}

function ofText(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const found = TEXT.exec(value.trim());
  if (!found) return ofWords(value);
  const [, date, time = '00:00', fraction = '', zone = 'Z'] = found;
  const ms = `${fraction}000`.slice(0, 3);
  const offset = /^[+-]\d{4}$/.test(zone)
    ? `${zone.slice(0, 3)}:${zone.slice(3)}`
    : zone.replace(/^(UTC|z)$/i, 'Z');
  const parsed = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}.${ms}${offset}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** `Tue, 14 Nov 2023 22:13:20 GMT` and the like. */
function ofWords(text: string): number | undefined {
  if (!/[A-Za-z]{3}.*\d{4}/.test(text)) return undefined;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** As MongoDB writes it: `{"$date": …}`. */
function ofObject(value: Record<string, unknown>): number | undefined {
  const date = value.$date ?? value.$numberLong;
  return date === undefined ? undefined : timeOf(date);
}
