import { Conversations } from './conversations.js';
import { Events } from './events.js';
import type { ClientOptions } from './options.js';
import { Transport } from './transport.js';
import { Webhooks } from './webhooks.js';

/** The API of one Colloquy service, as one credential. Keeps nothing but its options: make as many as are useful. */
export class Colloquy {
  readonly conversations: Conversations;
  /** What happened to conversations and messages. */
  readonly events: Events;
  readonly webhooks: Webhooks;

  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    this.conversations = new Conversations(transport);
    this.events = new Events(transport);
    this.webhooks = new Webhooks(transport);
  }
}
