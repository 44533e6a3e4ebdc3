import { ApiSchema } from '@nestjs/swagger';
import { JsonObjectField, TextField } from '../../http/validation/fields.js';
import { FEEDBACK, METADATA } from './append-message.dto.js';

@ApiSchema({ name: 'UpdateMessage' })
export class UpdateMessageDto {
  @TextField({
    ...FEEDBACK,
    keepsNull: true,
    description: 'What the reader thought of it; null takes it back.',
  })
  feedback?: string | null;

  @JsonObjectField(METADATA)
  metadata?: object;
}
