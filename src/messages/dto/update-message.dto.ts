import { ApiSchema } from '@nestjs/swagger';
import type { WrittenJson } from '../../common/json/json-text.js';
import { BooleanField } from '../../http/validation/boolean-field.js';
import { JsonObjectField } from '../../http/validation/json-fields.js';
import { TextField } from '../../http/validation/text-fields.js';
import { FEEDBACK, HIDDEN, METADATA } from './append-message.dto.js';

@ApiSchema({ name: 'UpdateMessage' })
export class UpdateMessageDto {
  @TextField({
    ...FEEDBACK,
    keepsNull: true,
    description: 'What the reader thought of it; null takes it back.',
  })
  feedback?: string | null;

  @JsonObjectField(METADATA)
  metadata?: WrittenJson;

  @BooleanField(HIDDEN)
  hidden?: boolean;
}
