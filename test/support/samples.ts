/** An object whose JSON has exactly `bytes` bytes in UTF-8. */
export const objectOfBytes = (bytes: number): { text: string } => ({
  text: 'x'.repeat(bytes - '{"text":""}'.length),
});

/** The JSON of an object in which a number stands `depth` objects deep. */
export const nestedJson = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

/** JSON objects that a careless store would change: numbers no double holds, odd keys, any order. */
export const EXACT_JSON = [
  '{"n":12345678901234567890}',
  '{"n":[1e400,-1E-400,0.1000000000000000055511151231257827]}',
  '{"n":[3e-324,1.23456789012345e-320,2.2250738585072014e-308]}',
  '{"b":1,"a":{"deep":[{"x":null},[],{}]},"":false}',
  '{"ключ":"值","👩‍👩‍👧":"é","e\u0301":"\u202Eabc"}',
  '{"__proto__":{"admin":true},"constructor":1,"toString":"x"}',
  '{"s":"\\u0000 \\\\ud800 \\\\ \\" %s \\n"}',
  nestedJson(100),
];

/** JSON objects with half of a surrogate pair somewhere, which no UTF-8 can hold. */
export const HALVES = ['{"s":"\\ud800"}', '{"s":["a",{"b":"\\\\\\udc00\\ud83d\\ude00"}]}', '{"\\ud83d":1}'];

export const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const RUN_STATUSES = [
  'queued',
  'running',
  'input_required',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;

/** Ids that name no conversation and no message, and have never. */
export const MISSING_ID = '01900000-0000-7000-8000-000000000000';
export const NO_UUIDS = [
  'x',
  'null',
  '0',
  '1',
  '%20',
  "'%20OR%201=1%20--",
  '%E6%97%A5%E6%9C%AC',
  `${MISSING_ID}0`,
];
