import { field, PARAMETER } from './field.js';

/** `next_cursor` of a page. Text that is none is told by who reads it: as an invalid cursor, whatever stands in it. */
export const CursorParameter = (description: string): PropertyDecorator =>
  field(
    { ...PARAMETER, description },
    { type: 'string' },
    (value) => typeof value === 'string',
    'must be text',
  );
