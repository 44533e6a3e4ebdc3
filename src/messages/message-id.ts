import { Param, type PipeTransform } from '@nestjs/common';
import { NIL } from 'uuid';
import { isId } from '../common/ids.js';

/** What is no UUID names no message. Nor does the nil UUID, which unlike any text can stand in a query. */
const comparable: PipeTransform<string, string> = { transform: (id) => (isId(id) ? id : NIL) };

/** Parameter decorator: `message_id` of the path. */
export const MessageId = () => Param('message_id', comparable);
