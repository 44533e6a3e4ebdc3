// What the adapters use of the frameworks, which are not installed here: they are larger than the service. That it
// is so is shown in test/consumers/frameworks, which compiles the adapters' declarations with the frameworks' own.

declare module '@openai/agents' {
  export type AgentInputItem = {
    type?: string;
    role?: string;
    content?: unknown;
    output?: unknown;
    status?: string;
  };

  export interface Session {
    getSessionId(): Promise<string>;
    getItems(limit?: number): Promise<AgentInputItem[]>;
    addItems(items: AgentInputItem[]): Promise<void>;
    popItem(): Promise<AgentInputItem | undefined>;
    clearSession(): Promise<void>;
    replaceHistoryWithCompaction?(items: AgentInputItem[]): Promise<void>;
  }
}

declare module 'ai' {
  export interface UIMessage {
    id: string;
    role: 'system' | 'user' | 'assistant';
    metadata?: unknown;
    parts: { type: string; text?: string }[];
  }
}

declare module '@langchain/core/messages' {
  export interface BaseMessage {
    readonly text: string;
  }

  export interface StoredMessage {
    type: string;
    data: {
      content: string;
      role: string | undefined;
      name: string | undefined;
      tool_call_id: string | undefined;
    };
  }

  export class HumanMessage implements BaseMessage {
    constructor(text: string);
    readonly text: string;
  }
  export class AIMessage extends HumanMessage {}
  export class SystemMessage extends HumanMessage {}

  export function mapChatMessagesToStoredMessages(messages: BaseMessage[]): StoredMessage[];
  export function mapStoredMessagesToChatMessages(messages: StoredMessage[]): BaseMessage[];
}

declare module '@langchain/core/chat_history' {
  import type { BaseMessage } from '@langchain/core/messages';

  export abstract class BaseListChatMessageHistory {
    abstract lc_namespace: string[];
    abstract getMessages(): Promise<BaseMessage[]>;
    abstract addMessage(message: BaseMessage): Promise<void>;
    addMessages(messages: BaseMessage[]): Promise<void>;
    abstract clear(): Promise<void>;
  }
}
