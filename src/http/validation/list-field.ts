import { applyDecorators } from '@nestjs/common';
import { field, type FieldOptions } from './field.js';
import { ReadAs } from './reading.js';

/** An array of `min` to `max` elements, each read and validated as `Element`. */
export const ListField = ({
  Element,
  min,
  max,
  ...options
}: FieldOptions & { Element: new () => object; min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({ elements: { Element, maxLength: max } }),
    field(
      options,
      { type: [Element], minItems: min, maxItems: max },
      (value) => Array.isArray(value) && value.length >= min && value.length <= max,
      `must be an array of ${min} to ${max} elements`,
    ),
  );
