import { ApiSchema } from '@nestjs/swagger';
import { TOPIC } from '../../conversations/dto/conversation-fields.js';
import { ExternalIdField } from '../../http/validation/id-fields.js';
import { IntegerField } from '../../http/validation/integer-fields.js';
import { TextField } from '../../http/validation/text-fields.js';
import type { Fork } from '../conversation-starts.service.js';
import { EXTERNAL_ID } from './create-conversation.dto.js';

@ApiSchema({ name: 'ForkConversation' })
export class ForkConversationDto {
  @IntegerField({
    optional: true,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    example: 1,
    description: 'Copy the messages up to this `sequence`; by default all.',
  })
  up_to_sequence?: number;

  @TextField({ ...TOPIC, optional: true, description: `${TOPIC.description} By default the same.` })
  topic?: string;

  @ExternalIdField(EXTERNAL_ID)
  external_id?: string;

  toFork(): Fork {
    return {
      upToSequence: this.up_to_sequence,
      topic: this.topic,
      externalId: this.external_id ?? null,
    };
  }
}
