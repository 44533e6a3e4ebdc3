import { field, type FieldOptions } from './field.js';

export const BooleanField = (options: FieldOptions): PropertyDecorator =>
  field(options, { type: 'boolean' }, (value) => typeof value === 'boolean', 'must be true or false');
