import { EVENT_TYPES, type EventType } from '../../events/event-type.js';
import { EnumListParameter } from '../../http/validation/enum-fields.js';
import { PARAMETER } from '../../http/validation/field.js';
import { OpaqueIdField } from '../../http/validation/id-fields.js';
import { IntegerParameter } from '../../http/validation/integer-fields.js';
import { PatternField } from '../../http/validation/text-fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import type { EventFilter } from '../feed.service.js';

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;
const MAX_WAIT_SECONDS = 30;

export const EVENT_PLACE = /^(?:earliest|latest|[0-9a-z]{1,32}-\d{1,15})$/;
export const EVENT_PLACE_RULE = 'must be the id of an event, earliest or latest';

export class ListEventsQuery extends TenantQuery {
  @PatternField({
    ...PARAMETER,
    pattern: EVENT_PLACE,
    rule: EVENT_PLACE_RULE,
    default: 'earliest',
    description:
      'Where to go on: behind this event. `earliest`: from the first that is kept; `latest`: only what comes.',
  })
  after: string = 'earliest';

  @IntegerParameter({ min: 1, max: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Events at most.' })
  limit: number = DEFAULT_LIMIT;

  @IntegerParameter({
    min: 0,
    max: MAX_WAIT_SECONDS,
    default: 0,
    description: 'Seconds that an empty answer at the end of the feed is held until something comes.',
  })
  wait: number = 0;

  @EnumListParameter({
    values: EVENT_TYPES,
    name: 'EventType',
    docs: { description: 'What happened.' },
    description: 'Only events of these types; repeated or comma-separated.',
  })
  types?: EventType[];

  @OpaqueIdField({
    ...PARAMETER,
    description: 'Only events of this conversation, also of one that is gone.',
  })
  conversation_id?: string;

  toFilter(): EventFilter {
    return { types: this.types, conversationId: this.conversation_id?.toLowerCase() };
  }
}
