import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { now } from '../../common/clock.js';
import { field, type FieldOptions } from './field.js';
import { ReadAs } from './reading.js';
import { lacksItsPlus, parseRfc3339, TIME_RULE } from './rfc3339.js';

const CLOCK_SKEW_MS = 60_000;

/** An RFC 3339 time; the DTO holds a Date. */
export const TimeField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' ? (parseRfc3339(raw) ?? raw) : raw) }),
    field(
      options,
      { type: 'string', format: 'date-time' },
      (value) => value instanceof Date,
      TIME_RULE,
      (value) =>
        typeof value === 'string' && lacksItsPlus(value) ? 'a + in a query is written %2B' : undefined,
    ),
  );

/** A time that is over, but for a minute in which clocks may differ. */
export const PastTimeField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    TimeField(options),
    ValidateBy({
      name: 'past',
      validator: {
        validate: (time) => !(time instanceof Date) || time.getTime() <= now().getTime() + CLOCK_SKEW_MS,
        defaultMessage: () => 'must not lie in the future',
      },
    }),
  );
