import { inflateRawSync } from 'node:zlib';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns } from '../schema/alter-table.js';

const CHUNK = 100;

interface KeptAnswer {
  tenant_id: string;
  id: string;
  body: Buffer;
}

/**
 * A key keeps what was done instead of the answer. The answers that are kept so far become that, failures are
 * forgotten. What the release before writes after this has no `done_id`.
 */
export class DoneRequests1769000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'idempotency_record', ({ id, longText }) => ({
      done_id: `${id} NULL`,
      done_sequences: `${longText} NULL`,
    }));
    await runner.query('DELETE FROM idempotency_record WHERE status >= 400');
    for (;;) {
      const kept: readonly KeptAnswer[] = await runner.manager.query(
        `SELECT tenant_id, id, body FROM idempotency_record WHERE done_id IS NULL LIMIT ${CHUNK}`,
      );
      for (const { tenant_id: tenantId, id, body } of kept) {
        const { doneId, sequences } = doneIn(body);
        await runner.query(
          "UPDATE idempotency_record SET done_id = ?, done_sequences = ?, headers = '', body = '' WHERE tenant_id = ? AND id = ?",
          [doneId, sequences, tenantId, id],
        );
      }
      if (kept.length < CHUNK) return;
    }
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Answers that are gone cannot be brought back.'));
  }
}

/** What a kept answer tells of: a conversation, a message or a batch of messages. */
function doneIn(body: Buffer): { doneId: string; sequences: string } {
  const answer: unknown = JSON.parse(inflateRawSync(body).toString());
  const messages = arrayOf(memberOf(answer, 'data')) ?? (memberOf(answer, 'sequence') ? [answer] : []);
  const [first = answer] = messages;
  const id = memberOf(first, 'conversation_id') ?? memberOf(first, 'id');
  return {
    doneId: String(id),
    sequences: messages.map((message) => String(memberOf(message, 'sequence'))).join(','),
  };
}

const arrayOf = (value: unknown): unknown[] | undefined => (Array.isArray(value) ? value : undefined);

const memberOf = (object: unknown, name: string): unknown =>
  typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
