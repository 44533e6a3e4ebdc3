import { ApiSchema } from '@nestjs/swagger';
import { ValidationFailed } from '../../common/errors/domain-error.js';
import { PatternField } from '../../http/validation/text-fields.js';

const EVENT_ID = /^[0-9a-z]{1,32}-\d{1,15}$/;
const START = new RegExp(`^earliest$|${EVENT_ID.source}`);

@ApiSchema({ name: 'ReplayEvents' })
export class ReplayEventsDto {
  @PatternField({
    pattern: START,
    rule: 'must be the id of an event, or earliest',
    optional: (dto) => dto instanceof ReplayEventsDto && dto.event_id !== undefined,
    example: 'earliest',
    description: 'Id of an event, or `earliest`: all behind it are sent again, up to now.',
  })
  after?: string;

  @PatternField({
    pattern: EVENT_ID,
    rule: 'must be the id of an event',
    optional: true,
    example: '9f2c51e07a-17',
    description: 'Id of the one event that is sent again. Instead of `after`.',
  })
  event_id?: string;

  /** What is sent again. Throws ValidationFailed unless exactly one of the two is given. */
  toReplay(): { after: string } | { eventId: string } {
    if (this.after !== undefined && this.event_id === undefined) return { after: this.after };
    if (this.event_id !== undefined && this.after === undefined) return { eventId: this.event_id };
    throw new ValidationFailed([{ detail: 'give either after or event_id', pointer: '' }]);
  }
}

/** Nothing is known yet: what comes of it is among the attempts. */
@ApiSchema({ name: 'Replay', description: 'It has begun.' })
export class ReplayResponse {}
