import { conversationPath } from '../conversations/conversation-path.js';

/** Of a message, below the base path. */
export const messagePath = (conversationId: string, id: string): string =>
  `${conversationPath(conversationId)}/messages/${id}`;
