import { applyDecorators } from '@nestjs/common';
import { WrittenJson } from '../../common/json/json-text.js';
import { isJsonObject, isNestedWithin, isWellFormedJson } from '../../common/json/json-value.js';
import { field, type FieldOptions } from './field.js';
import { ReadAs } from './reading.js';

const MAX_JSON_DEPTH = 100;

/** A JSON object of up to `maxBytes` as it is written, without blanks; the DTO holds a WrittenJson. */
export const JsonObjectField = ({
  maxBytes,
  ...options
}: FieldOptions & { maxBytes: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({ isWritten: true }),
    field(
      options,
      { type: Object, additionalProperties: true },
      (json) => isStorableJson(json, maxBytes, MAX_JSON_DEPTH) && isJsonObject(json.value),
      `must be a JSON object of up to ${maxBytes} bytes, nested at most ${MAX_JSON_DEPTH} deep, without unpaired surrogates`,
    ),
  );

/** 1 to `max` JSON objects that `accepts` takes, of up to `maxBytes` together as they are written; the DTO holds a WrittenJson. */
export const JsonObjectsField = ({
  max,
  maxBytes,
  accepts,
  items,
  ...options
}: FieldOptions & {
  max: number;
  maxBytes: number;
  accepts: (object: Record<string, unknown>) => boolean;
  /** What the documentation says of each, and what a fault does. */
  items: { schema: object; rule: string };
}): PropertyDecorator => {
  const isItem = (one: unknown) => isJsonObject(one) && accepts(one);
  return applyDecorators(
    ReadAs({ isWritten: true }),
    field(
      options,
      { type: 'array', items: items.schema, minItems: 1, maxItems: max },
      (json) =>
        isStorableJson(json, maxBytes, MAX_JSON_DEPTH + 1) &&
        Array.isArray(json.value) &&
        json.value.length >= 1 &&
        json.value.length <= max &&
        json.value.every(isItem),
      `must be 1 to ${max} JSON objects, ${items.rule}, together up to ${maxBytes} bytes, each nested at most ${MAX_JSON_DEPTH} deep, without unpaired surrogates`,
      (json) => {
        const list: unknown = json instanceof WrittenJson ? json.value : undefined;
        const index = Array.isArray(list) ? list.findIndex((one) => !isItem(one)) : -1;
        return index === -1 ? undefined : `number ${index}, counted from 0, is not`;
      },
    ),
  );
};

/** In a text of valid UTF-8 only an escape can be half of a pair. */
const SURROGATE = /\\u[dD][89a-fA-F]/;

/** JSON that can be read again everywhere, and is not too large. */
const isStorableJson = (json: unknown, maxBytes: number, maxDepth: number): json is WrittenJson =>
  json instanceof WrittenJson &&
  Buffer.byteLength(json.text) <= maxBytes &&
  (json.levels <= maxDepth || isNestedWithin(maxDepth, json.value)) &&
  (!SURROGATE.test(json.text) || isWellFormedJson(json.value));
