import { applyDecorators } from '@nestjs/common';
import { field, type FieldOptions, PARAMETER } from './field.js';
import { ReadAs } from './reading.js';

/** -0 is what is left of a number that is too small for a double. */
const isIntegerIn = (min: number, max: number) => (value: unknown) =>
  Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= min && Number(value) <= max;

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

/** A whole number in the query string. */
export const IntegerParameter = (options: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({
      convert: (raw) => (typeof raw === 'string' && /^-?\d{1,16}$/.test(raw) ? Number(raw) : raw),
    }),
    IntegerField({ ...PARAMETER, ...options }),
  );
