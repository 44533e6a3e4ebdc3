import { ApiSchema } from '@nestjs/swagger';
import { BooleanField } from '../../http/validation/boolean-field.js';
import { EnumListField } from '../../http/validation/enum-fields.js';
import { TextField } from '../../http/validation/text-fields.js';
import { DESCRIPTION, TYPES, URL_FIELD } from './webhook-fields.js';

@ApiSchema({ name: 'UpdateWebhook' })
export class UpdateWebhookDto {
  @TextField({ ...URL_FIELD, optional: true })
  url?: string;

  @EnumListField(TYPES)
  types?: string[] | null;

  @TextField(DESCRIPTION)
  description?: string | null;

  @BooleanField({
    optional: true,
    example: true,
    description: 'False: nothing is sent any more. True: it goes on at the present.',
  })
  enabled?: boolean;
}
