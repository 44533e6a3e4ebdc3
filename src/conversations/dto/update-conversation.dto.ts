import { ApiSchema } from '@nestjs/swagger';
import { EnumField, TextField } from '../../http/validation/fields.js';
import type { RunStatus } from '../run-status.js';
import { STATUS, TOPIC } from './conversation-fields.js';

@ApiSchema({ name: 'UpdateConversation' })
export class UpdateConversationDto {
  @TextField(TOPIC)
  topic: string;
}

@ApiSchema({ name: 'UpdateConversationStatus' })
export class UpdateConversationStatusDto {
  @EnumField({
    ...STATUS,
    optional: true,
    example: 'completed',
    description: 'The new status. Null, absent or the same as before changes nothing.',
  })
  status?: RunStatus;

  @EnumField({
    ...STATUS,
    optional: true,
    description: 'Change the status only if it still is this one; else 409 `status_conflict`.',
  })
  expected_status?: RunStatus;
}
