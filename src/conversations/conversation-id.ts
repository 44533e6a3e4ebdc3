import type { PipeTransform } from '@nestjs/common';
import { isUuid } from '../common/ids.js';
import { pathParameter } from '../http/path-parameter.js';
import { ConversationNotFound } from './conversation.errors.js';

/** An id that is no UUID names nothing: it is answered like one that does not exist. */
const existing: PipeTransform<string, string> = {
  transform: (id) => {
    if (!isUuid(id)) throw new ConversationNotFound();
    return id.toLowerCase();
  },
};

/** Parameter decorator: `conversation_id` of the path. */
export const ConversationId = () => pathParameter('conversation_id', '`id` of the conversation.', existing);
