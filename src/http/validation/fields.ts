import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { isJsonObject, jsonDepth } from '../../common/json/exact-json.js';
import { ConvertedBy, ElementsOf } from './conversions.js';
import { isOpaqueId, OPAQUE_ID_RULE } from '../../common/opaque-id.js';
import { parseRfc3339 } from './rfc3339.js';

/** What a field's documentation says, and whether it may be absent or null. A field is required unless said otherwise. */
interface FieldOptions {
  description: string;
  example?: unknown;
  default?: unknown;
  optional?: boolean;
  nullable?: boolean;
}

/** What is said of an enum itself, wherever it is used. */
interface EnumDocs {
  description: string;
  default?: string;
}

/** The part of a JSON Schema that a field's rule tells. */
interface Schema {
  type?: 'string' | 'integer' | ObjectConstructor | [new () => object];
  format?: string;
  pattern?: string;
  enum?: string[];
  enumName?: string;
  enumSchema?: EnumDocs;
  isArray?: boolean;
  additionalProperties?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

interface EnumOptions {
  values: readonly string[];
  /** Its name in the OpenAPI document. */
  name: string;
  docs?: EnumDocs;
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MAX_JSON_DEPTH = 100;

function field(
  options: FieldOptions,
  schema: Schema,
  isValid: (value: unknown) => boolean,
  rule: string,
): PropertyDecorator {
  const { description, example, optional = false, nullable = false } = options;
  return applyDecorators(
    ApiProperty({
      ...schema,
      description,
      required: !optional,
      ...(nullable && { nullable }),
      ...(example !== undefined && { example }),
      ...(options.default !== undefined && { default: options.default }),
    }),
    ValidateIf((_, value) => !(optional && value === undefined) && !(nullable && value === null)),
    ValidateBy({ name: rule, validator: { validate: isValid, defaultMessage: () => rule } }),
  );
}

/** Text that both engines keep character for character: no NUL, no half of a surrogate pair. */
const isStorableText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0');

const isIntegerIn = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const isOneOf = (values: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && values.includes(value);

export const OpaqueIdField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' },
    isOpaqueId,
    OPAQUE_ID_RULE,
  );

export const UuidField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', format: 'uuid' },
    (value) => typeof value === 'string' && UUID.test(value),
    'must be a UUID',
  );

/** Text of `min` to `max` characters (Unicode code points, as the database counts them). */
export const TextField = ({
  min = 0,
  max,
  ...options
}: FieldOptions & { min?: number; max: number }): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: min, maxLength: max },
    (value) => {
      if (!isStorableText(value) || value.length > 2 * max) return false;
      const characters = Array.from(value).length;
      return characters >= min && characters <= max;
    },
    `must be text of ${min} to ${max} characters, without NUL or unpaired surrogates`,
  );

/** Text of up to `maxBytes` in UTF-8. */
export const LongTextField = ({
  maxBytes,
  ...options
}: FieldOptions & { maxBytes: number }): PropertyDecorator =>
  field(
    options,
    { type: 'string' },
    (value) => isStorableText(value) && Buffer.byteLength(value) <= maxBytes,
    `must be text of up to ${maxBytes} bytes in UTF-8, without NUL or unpaired surrogates`,
  );

export const EnumField = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  field(
    options,
    { enum: [...values], enumName: name, ...(docs && { enumSchema: docs }) },
    isOneOf(values),
    `must be one of ${values.join(', ')}`,
  );

export const IntegerField = ({
  min,
  max,
  ...options
}: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  field(
    options,
    { type: 'integer', minimum: min, maximum: max },
    isIntegerIn(min, max),
    `must be an integer from ${min} to ${max}`,
  );

/** A JSON object of up to `maxBytes` when written as JSON. */
export const JsonObjectField = ({
  maxBytes,
  ...options
}: FieldOptions & { maxBytes: number }): PropertyDecorator =>
  field(
    options,
    { type: Object, additionalProperties: true },
    (value) =>
      isJsonObject(value) &&
      jsonDepth(value, MAX_JSON_DEPTH) <= MAX_JSON_DEPTH &&
      Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
    `must be a JSON object of up to ${maxBytes} bytes, nested at most ${MAX_JSON_DEPTH} deep`,
  );

/** An RFC 3339 time; the DTO holds a Date. */
export const TimeField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ConvertedBy((raw) => (typeof raw === 'string' ? (parseRfc3339(raw) ?? raw) : raw)),
    field(
      options,
      { type: 'string', format: 'date-time' },
      (value) => value instanceof Date,
      'must be an RFC 3339 time such as 2026-01-31T08:00:00.000Z',
    ),
  );

/** An array of `min` to `max` elements, each read and validated as `Element`. */
export const ListField = ({
  Element,
  min,
  max,
  ...options
}: FieldOptions & { Element: new () => object; min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ElementsOf({ Element, maxLength: max }),
    field(
      options,
      { type: [Element], minItems: min, maxItems: max },
      (value) => Array.isArray(value) && value.length >= min && value.length <= max,
      `must be an array of ${min} to ${max} elements`,
    ),
  );

/** A whole number in the query string. */
export const IntegerParameter = (options: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ConvertedBy((raw) => (typeof raw === 'string' && /^-?\d{1,16}$/.test(raw) ? Number(raw) : raw)),
    IntegerField({ optional: true, ...options }),
  );

/** The parameter may not be given together with any of `others`. */
export const InsteadOf = (...others: string[]): PropertyDecorator =>
  ValidateBy({
    name: 'insteadOf',
    validator: {
      validate: (_, rule) => others.every((other) => rule && Reflect.get(rule.object, other) === undefined),
      defaultMessage: () => `cannot be combined with ${others.join(' or ')}`,
    },
  });

/** Several enum values in the query string, repeated or comma-separated; the DTO holds an array. */
export const EnumListParameter = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  applyDecorators(
    ConvertedBy((raw) => {
      const list = [raw].flat().flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
      const named = list.filter((part) => part !== '');
      return named.length > 0 ? named : undefined;
    }),
    field(
      { optional: true, ...options },
      { enum: [...values], enumName: name, isArray: true, ...(docs && { enumSchema: docs }) },
      (value) => Array.isArray(value) && value.every(isOneOf(values)),
      `must each be one of ${values.join(', ')}`,
    ),
  );
