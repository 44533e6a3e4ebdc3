import type { Fault } from '../../common/errors/domain-error.js';
import type { JsonText } from '../../common/json/json-text.js';
import { isJsonObject } from '../../common/json/json-value.js';
import { brokenRules, isValid, type PropertyRules, rulesOf } from './rules.js';
import { didYouMean, suggestionFor } from './suggestions.js';

type Dto = new () => object;
/** Says where in the request a fault is. */
type Place = (key: string, detail: string) => Fault;

/** Further ones are not looked for: a body of megabytes could have more faults than an answer should list. */
const MAX_FAULTS = 100;

/** What an answer repeats of a name that was sent. */
const MAX_REPEATED = 90;

const shortened = (key: string): string =>
  key.length <= MAX_REPEATED ? key : `${key.slice(0, MAX_REPEATED).toWellFormed()}…`;

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Reads a JSON body as `Dto`; an absent one is `{}`. Adds a fault for all that is unknown or breaks a rule. */
export function readBody(Dto: Dto, body: JsonText | undefined, faults: Fault[]): object {
  body?.next(1);
  return readObject(Dto, body ? body.value : {}, faults, '', body && { body, level: 2 });
}

/** Reads a query string as `Dto`; an empty parameter is an absent one. */
export function readQuery(Dto: Dto, query: unknown, faults: Fault[]): object {
  const place: Place = (key, detail) => ({ detail, parameter: shortened(key) });
  const given = isJsonObject(query) ? query : {};
  const { all } = rulesOf(Dto);
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const isRepeated = Array.isArray(value) && all.has(key) && !all.get(key)?.reading.repeats;
    if (isRepeated) add(faults, place(key, 'was given more than once; it takes one value'));
    Object.defineProperty(raw, key, {
      value: isRepeated || value === '' ? undefined : value,
      enumerable: true,
    });
  }
  return read(Dto, raw, faults, place);
}

/** Where the texts of members are that are arrays or objects. */
interface Texts {
  body: JsonText;
  level: number;
}

function readObject(
  Dto: Dto,
  value: unknown,
  faults: Fault[],
  pointer: string,
  texts: Texts | undefined,
): object {
  if (!isJsonObject(value)) {
    add(faults, { detail: 'must be a JSON object', pointer });
    return {};
  }
  const place: Place = (key, detail) => ({
    detail,
    pointer: `${pointer}/${escapePointer(shortened(key))}`,
  });
  return read(Dto, value, faults, place, texts);
}

function read(Dto: Dto, raw: Record<string, unknown>, faults: Fault[], place: Place, texts?: Texts): object {
  const dto: object = new Dto();
  if (!isJsonObject(dto)) throw new Error('A DTO is an object.');
  const { all } = rulesOf(Dto);
  const given: PropertyRules[] = [];
  for (const key of Object.keys(raw)) {
    if (faults.length === MAX_FAULTS) break;
    const rules = all.get(key);
    const value = raw[key];
    const span = typeof value === 'object' && value !== null ? texts?.body.next(texts.level) : undefined;
    if (!rules) {
      const meant = suggestionFor(key, [...all.keys()]);
      const detail = `unknown: ${shortened(key)}${meant === undefined ? '' : `; ${didYouMean(meant)}`}`;
      add(faults, place(key, detail));
      continue;
    }
    const { convert, keepsNull, elements, isWritten } = rules.reading;
    if (value === undefined || (value === null && !keepsNull)) continue;
    if (isWritten && span && texts) dto[key] = texts.body.written(value, span);
    else if (elements && Array.isArray(value) && value.length <= elements.maxLength)
      dto[key] = elementsRead(elements.Element, value, faults, place(key, ''), texts);
    else {
      const converted = convert ? convert(value) : value;
      if (converted === undefined) continue;
      dto[key] = converted;
    }
    given.push(rules);
  }
  if (!isValid(Dto, dto, given))
    for (const { property, rule } of brokenRules(Dto, dto)) add(faults, place(property, rule));
  return dto;
}

function add(faults: Fault[], fault: Fault): void {
  if (faults.length < MAX_FAULTS) faults.push(fault);
}

function elementsRead(
  Element: Dto,
  list: readonly unknown[],
  faults: Fault[],
  place: Fault,
  texts: Texts | undefined,
): object[] {
  const base = 'pointer' in place ? place.pointer : '';
  return list.map((element, index) => {
    if (typeof element === 'object' && element !== null) texts?.body.next(texts.level + 1);
    const inner = texts && { body: texts.body, level: texts.level + 2 };
    return readObject(Element, element, faults, `${base}/${index}`, inner);
  });
}
