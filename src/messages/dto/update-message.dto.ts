import { ApiSchema } from '@nestjs/swagger';
import type { WrittenJson } from '../../common/json/json-text.js';
import { BooleanField, JsonObjectField, TextField } from '../../http/validation/fields.js';
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
