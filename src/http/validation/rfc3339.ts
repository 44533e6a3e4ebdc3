const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/;

export const TIME_RULE =
  'must be an RFC 3339 time such as 2026-01-31T08:00:00.000Z, from 1970-01-01 to 9999-12-31 in UTC';

/** Reads an RFC 3339 time between 1970 and 9999, cut to milliseconds. Undefined for anything else. */
export function parseRfc3339(text: string): Date | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, date = '', clock = '', fraction = '', offset = ''] = match;
  if (!isCalendarDate(date)) return undefined;
  const whole = Date.parse(`${date}T${clock}${offset.toUpperCase()}`);
  const time = new Date(whole + Number(fraction.slice(0, 3).padEnd(3, '0')));
  const year = time.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? time : undefined;
}

/** What fails this way: in a query a `+` that is not escaped arrives as a blank. */
export const lacksItsPlus = (text: string): boolean => /T[\d:.]+ \d{2}:\d{2}$/i.test(text);

/** Date takes the 30th of February for a day in March. */
function isCalendarDate(date: string): boolean {
  const [month, day] = [date.slice(5, 7), date.slice(8)];
  if (month >= '01' && month <= '12' && day >= '01' && day <= '28') return true;
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
