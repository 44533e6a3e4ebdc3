import { getMetadataStorage, validateSync } from 'class-validator';
import type { Fault } from '../../common/errors/domain-error.js';
import { isJsonObject } from '../../common/json/exact-json.js';
import { readingOf } from './reading.js';
import { didYouMean, suggestionFor } from './suggestions.js';

type Dto = new () => object;
/** Says where in the request a fault is. */
type Place = (key: string, detail: string) => Fault;

/** Further ones are not looked for: a body of megabytes could have more faults than an answer should list. */
const MAX_FAULTS = 100;

const validEmpty = new Map<Dto, boolean>();
const knownKeys = new Map<Dto, ReadonlySet<string>>();

function keysOf(Dto: Dto): ReadonlySet<string> {
  let keys = knownKeys.get(Dto);
  if (!keys) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(Dto, '', false, false);
    knownKeys.set(Dto, (keys = new Set(rules.map((rule) => rule.propertyName))));
  }
  return keys;
}

/** What an answer repeats of a name that was sent. */
const MAX_REPEATED = 90;

const shortened = (key: string): string =>
  key.length <= MAX_REPEATED ? key : `${key.slice(0, MAX_REPEATED).toWellFormed()}…`;

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Reads a JSON body as `Dto`; an absent one is `{}`. Adds a fault for all that is unknown or breaks a rule. */
export function readBody(Dto: Dto, body: unknown, faults: Fault[], pointer = ''): object {
  if (!isJsonObject(body ?? {}) || body === null) {
    add(faults, { detail: 'must be a JSON object', pointer });
    return {};
  }
  return read(Dto, isJsonObject(body) ? body : {}, faults, (key, detail) => ({
    detail,
    pointer: `${pointer}/${escapePointer(shortened(key))}`,
  }));
}

/** Reads a query string as `Dto`; an empty parameter is an absent one. */
export function readQuery(Dto: Dto, query: unknown, faults: Fault[]): object {
  if (isJsonObject(query) && Object.keys(query).length === 0 && isValidEmpty(Dto)) return new Dto();
  const place: Place = (key, detail) => ({ detail, parameter: shortened(key) });
  const given = Object.entries(isJsonObject(query) ? query : {});
  const raw = given.map(([key, value]): [string, unknown] => {
    const isRepeated = Array.isArray(value) && keysOf(Dto).has(key) && !readingOf(Dto, key).repeats;
    if (isRepeated) add(faults, place(key, 'was given more than once; it takes one value'));
    return [key, isRepeated || value === '' ? undefined : value];
  });
  return read(Dto, Object.fromEntries(raw), faults, place);
}

function read(Dto: Dto, raw: Record<string, unknown>, faults: Fault[], place: Place): object {
  const dto = new Dto();
  const known = keysOf(Dto);
  for (const key of Object.keys(raw)) {
    if (faults.length === MAX_FAULTS) break;
    if (!known.has(key)) {
      const meant = suggestionFor(key, known);
      add(
        faults,
        place(key, `unknown: ${shortened(key)}${meant === undefined ? '' : `; ${didYouMean(meant)}`}`),
      );
      continue;
    }
    const { convert, keepsNull } = readingOf(Dto, key);
    if (raw[key] === undefined || (raw[key] === null && !keepsNull)) continue;
    const value = convert ? convert(raw[key]) : raw[key];
    if (value !== undefined) Object.assign(dto, { [key]: elementsRead(Dto, key, value, faults, place) });
  }
  for (const { property, constraints = {} } of validateSync(dto)) {
    for (const rule of Object.values(constraints)) add(faults, place(property, rule));
  }
  return dto;
}

/** Whether nothing need be said. Most requests have no parameters, and what their DTO then is was validated before. */
export function isValidEmpty(Dto: Dto): boolean {
  let valid = validEmpty.get(Dto);
  if (valid === undefined) validEmpty.set(Dto, (valid = validateSync(new Dto()).length === 0));
  return valid;
}

function add(faults: Fault[], fault: Fault): void {
  if (faults.length < MAX_FAULTS) faults.push(fault);
}

function elementsRead(Dto: Dto, key: string, value: unknown, faults: Fault[], place: Place): unknown {
  const { elements } = readingOf(Dto, key);
  if (!elements || !Array.isArray(value) || value.length > elements.maxLength) return value;
  return value.map((element: unknown, index) => {
    const at = place(key, '');
    const base = 'pointer' in at ? at.pointer : `/${key}`;
    return readBody(elements.Element, element ?? null, faults, `${base}/${index}`);
  });
}
