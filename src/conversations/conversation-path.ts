/** Of a conversation, below the base path. */
export const conversationPath = (id: string): string => `/conversations/${id}`;
