import { ApiSchema } from '@nestjs/swagger';
import type { WrittenJson } from '../../common/json/json-text.js';
import { EnumField } from '../../http/validation/enum-fields.js';
import { JsonObjectField } from '../../http/validation/json-fields.js';
import { TextField } from '../../http/validation/text-fields.js';
import type { ConversationUpdate } from '../conversations.service.js';
import type { RunStatus } from '../run-status.js';
import { EXTEND_PROPERTIES, STATUS, TOPIC } from './conversation-fields.js';

@ApiSchema({ name: 'UpdateConversation' })
export class UpdateConversationDto {
  @TextField({
    ...TOPIC,
    optional: (dto) => dto instanceof UpdateConversationDto && dto.extend_properties !== undefined,
    absent: 'is needed where there are no extend_properties: a change changes one of them',
  })
  topic?: string;

  @JsonObjectField({
    ...EXTEND_PROPERTIES,
    optional: true,
    description: `${EXTEND_PROPERTIES.description} Replaced as a whole.`,
  })
  extend_properties?: WrittenJson;

  toUpdate(): ConversationUpdate {
    return { topic: this.topic, extendProperties: this.extend_properties?.text };
  }
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
