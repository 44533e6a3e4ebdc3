import { JsonObjectField, TextField } from '../../http/validation/fields.js';
import { FEEDBACK, METADATA } from './append-message.dto.js';

export class UpdateMessageDto {
  @TextField(FEEDBACK)
  feedback?: string | null;

  @JsonObjectField(METADATA)
  metadata?: object;
}
