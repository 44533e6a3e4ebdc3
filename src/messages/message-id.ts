import type { PipeTransform } from '@nestjs/common';
import { NIL } from 'uuid';
import { isUuid } from '../common/ids.js';
import { pathParameter } from '../http/path-parameter.js';

/** What is no UUID names no message. Nor does the nil UUID, which unlike any text can stand in a query. */
const comparable: PipeTransform<string, string> = {
  transform: (id) => (isUuid(id) ? id.toLowerCase() : NIL),
};

/** Parameter decorator: `message_id` of the path. */
export const MessageId = () => pathParameter('message_id', '`id` of the message.', comparable);
