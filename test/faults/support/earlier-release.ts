import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../../src/common/ids.js';
import { newMessageId } from '../../../src/messages/new-message-id.js';
import type { DatabaseServer } from './database-server.js';

const PAUSE_MS = 20;

/** Writes what the first release does (804e0a4), which knows no columns of later ones, and leaves no events. */
export class EarlierRelease {
  conversations = 0;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly database: DatabaseServer,
    private readonly tenant: string,
  ) {
    this.#running = this.#write();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #write(): Promise<void> {
    const connection = await this.database.connect();
    await connection.query('USE colloquy');
    const insert = (table: string, row: object) => connection.query(`INSERT INTO ${table} SET ?`, [row]);
    while (!this.#isStopped) {
      const time = new Date();
      const written = {
        version: 1,
        created_time: time,
        updated_time: time,
        created_by: 'ada',
        updated_by: 'ada',
      };
      const id = newId();
      await connection.query('START TRANSACTION');
      await insert('conversation', {
        tenant_id: this.tenant,
        id,
        topic: 'Before',
        status: 'running',
        user_id: 'eve',
        inputs: '{}',
        extend_properties: '{}',
        message_count: 1,
        ...written,
      });
      await insert('message', {
        tenant_id: this.tenant,
        conversation_id: id,
        sequence: 1,
        id: newMessageId(time, 1),
        message_from: 'user',
        content: 'Hello',
        requested_time: time,
        input_tokens: 0,
        answer_tokens: 0,
        total_tokens: 0,
        metadata: '{}',
        ...written,
      });
      await connection.query('COMMIT');
      this.conversations++;
      await sleep(PAUSE_MS);
    }
    connection.destroy();
  }
}
