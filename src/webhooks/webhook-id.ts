import type { PipeTransform } from '@nestjs/common';
import { isUuid } from '../common/ids.js';
import { pathParameter } from '../http/path-parameter.js';
import { WebhookNotFound } from './webhook.errors.js';

/** An id that is no UUID names nothing: it is answered like one that does not exist. */
const existing: PipeTransform<string, string> = {
  transform: (id) => {
    if (!isUuid(id)) throw new WebhookNotFound();
    return id.toLowerCase();
  },
};

/** Parameter decorator: `webhook_id` of the path. */
export const WebhookId = () => pathParameter('webhook_id', '`id` of the webhook.', existing);
