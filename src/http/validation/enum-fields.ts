import { applyDecorators } from '@nestjs/common';
import { type EnumDocs, field, type FieldOptions, PARAMETER } from './field.js';
import { ReadAs } from './reading.js';
import { didYouMean, suggestionFor } from './suggestions.js';

interface EnumOptions {
  values: readonly string[];
  /** Its name in the OpenAPI document. */
  name: string;
  docs?: EnumDocs;
}

const isOneOf = (values: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && values.includes(value);

const hintOf = (values: readonly string[]) => (value: unknown) => {
  const wrong = [value].flat().find((one) => !isOneOf(values)(one));
  const meant = typeof wrong === 'string' ? suggestionFor(wrong, values) : undefined;
  return meant && didYouMean(meant);
};

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
    hintOf(values),
  );

/** An array of enum values, at least one. */
export const EnumListField = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  field(
    options,
    { enum: [...values], enumName: name, isArray: true, minItems: 1, ...(docs && { enumSchema: docs }) },
    (value) => Array.isArray(value) && value.length > 0 && value.every(isOneOf(values)),
    `must be an array of at least one of ${values.join(', ')}`,
    hintOf(values),
  );

/** Several enum values in the query string, repeated or comma-separated; the DTO holds an array. */
export const EnumListParameter = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({
      repeats: true,
      convert: (raw) => {
        const list = [raw].flat().flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
        const named = list.filter((part) => part !== '');
        return named.length > 0 ? named : undefined;
      },
    }),
    field(
      { ...PARAMETER, ...options },
      { enum: [...values], enumName: name, isArray: true, ...(docs && { enumSchema: docs }) },
      (value) => Array.isArray(value) && value.every(isOneOf(values)),
      `must each be one of ${values.join(', ')}`,
      hintOf(values),
    ),
  );
