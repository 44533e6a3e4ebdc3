const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads an RFC 3339 time between 1970 and 9999. A fraction finer than a millisecond is rounded up, so that "at or
 * after" and "before" stay true for times that are stored in milliseconds. Undefined for anything else.
 */
export function parseRfc3339(text: string): Date | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, date = '', clock = '', fraction = '', offset = ''] = match;
  if (!isCalendarDate(date)) return undefined;
  const whole = Date.parse(`${date}T${clock}${offset.toUpperCase()}`);
  const finerThanMs = /[1-9]/.test(fraction.slice(3));
  const time = new Date(whole + Number(fraction.slice(0, 3).padEnd(3, '0')) + (finerThanMs ? 1 : 0));
  const year = time.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? time : undefined;
}

/** Date takes the 30th of February for a day in March. */
function isCalendarDate(date: string): boolean {
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
