import { Param } from '@nestjs/common';

/** Parameter decorator: `message_id` of the path. Any text may stand there; what is no id of a message names none. */
export const MessageId = () => Param('message_id');
