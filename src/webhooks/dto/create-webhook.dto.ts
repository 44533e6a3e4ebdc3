import { ApiSchema } from '@nestjs/swagger';
import { EnumListField } from '../../http/validation/enum-fields.js';
import { TextField } from '../../http/validation/text-fields.js';
import type { NewWebhook } from '../webhooks.service.js';
import { DESCRIPTION, TYPES, URL_FIELD } from './webhook-fields.js';

@ApiSchema({ name: 'CreateWebhook' })
export class CreateWebhookDto {
  @TextField(URL_FIELD)
  url: string;

  @EnumListField(TYPES)
  types?: string[] | null;

  @TextField(DESCRIPTION)
  description?: string | null;

  toNewWebhook(): NewWebhook {
    return { url: this.url, types: this.types ?? null, description: this.description ?? null };
  }
}
