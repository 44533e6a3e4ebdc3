import { field, type FieldOptions } from './field.js';

/** Of a unit of a string, in UTF-8. */
const MAX_UNIT_BYTES = 3;

/** Text that both engines keep character for character: no NUL, no half of a surrogate pair. */
const isStorableText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0');

/** Text of a form of its own. */
export const PatternField = ({
  pattern,
  rule,
  ...options
}: FieldOptions & { pattern: RegExp; rule: string }): PropertyDecorator =>
  field(
    options,
    { type: 'string', pattern: pattern.source },
    (value) => typeof value === 'string' && pattern.test(value),
    rule,
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
      // A character is one or two units of the string.
      if (value.length <= max && value.length >= 2 * min) return true;
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
    (value) =>
      isStorableText(value) &&
      (value.length * MAX_UNIT_BYTES <= maxBytes || Buffer.byteLength(value) <= maxBytes),
    `must be text of up to ${maxBytes} bytes in UTF-8, without NUL or unpaired surrogates`,
  );
