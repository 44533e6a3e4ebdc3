import { isJsonObject } from '../../common/json/exact-json.js';
import { RequestFailed } from './import-errors.js';
import { exchange } from './http-exchange.js';
import { withRetries } from './retry.js';

/** Where the service is, and for whom and as whom to speak to it. */
export interface ColloquyTarget {
  /** Without a slash at the end. */
  url: string;
  tenantId?: string;
  unitId?: string;
  /** A JWT or an API key. */
  token?: string;
}

interface Call {
  method: 'POST' | 'DELETE';
  path: string;
  body?: string;
  idempotencyKey?: string;
}

/** The part of the REST API that an import needs. Every method throws `RequestFailed`. */
export class ColloquyClient {
  private readonly query: string;

  constructor(private readonly target: ColloquyTarget) {
    this.query = new URLSearchParams({
      ...(target.tenantId && { tenant_id: target.tenantId }),
      ...(target.unitId && { tenant_unit_id: target.unitId }),
    }).toString();
  }

  /** Any answer will do: whether this is Colloquy, and open to us, shows with the first conversation. */
  async ping(): Promise<void> {
    await exchange(`${this.target.url}/healthz`, {}).catch((error: unknown) => {
      if (!(error instanceof RequestFailed) || error.status === null) throw error;
    });
  }

  /** Answers the id of the new conversation. */
  async createConversation(conversation: object, idempotencyKey: string): Promise<string> {
    const body = JSON.stringify(conversation);
    const answer = await this.send({ method: 'POST', path: '/conversations', body, idempotencyKey });
    if (!isJsonObject(answer) || typeof answer.id !== 'string') throw unintelligible();
    return answer.id;
  }

  /** Answers the sequence of the last message. */
  async appendMessages(conversationId: string, body: string, idempotencyKey: string): Promise<number> {
    const path = `/conversations/${encodeURIComponent(conversationId)}/messages/batch`;
    const answer = await this.send({ method: 'POST', path, body, idempotencyKey });
    const messages: unknown[] = isJsonObject(answer) && Array.isArray(answer.data) ? answer.data : [];
    const last = messages.at(-1);
    if (!isJsonObject(last) || typeof last.sequence !== 'number') throw unintelligible();
    return last.sequence;
  }

  async deleteConversation(conversationId: string): Promise<void> {
    await this.send({ method: 'DELETE', path: `/conversations/${encodeURIComponent(conversationId)}` });
  }

  private async send({ method, path, body, idempotencyKey }: Call): Promise<unknown> {
    const url = `${this.target.url}/admin/api/v2${path}${this.query && `?${this.query}`}`;
    const headers = {
      accept: 'application/json',
      ...(body && { 'content-type': 'application/json' }),
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
      ...(this.target.token && { authorization: `Bearer ${this.target.token}` }),
    };
    const text = await withRetries(() => exchange(url, { method, headers, body }));
    try {
      return text === '' ? null : JSON.parse(text);
    } catch {
      throw unintelligible();
    }
  }
}

function unintelligible(): RequestFailed {
  return new RequestFailed('the answer is not that of a Colloquy server', 200);
}
