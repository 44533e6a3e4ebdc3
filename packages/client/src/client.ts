import { Conversations } from './conversations.js';
import type { ClientOptions } from './options.js';
import { Transport } from './transport.js';

/** The API of one Colloquy service, as one credential. Keeps nothing but its options: make as many as are useful. */
export class Colloquy {
  readonly conversations: Conversations;

  constructor(options: ClientOptions) {
    this.conversations = new Conversations(new Transport(options));
  }
}
