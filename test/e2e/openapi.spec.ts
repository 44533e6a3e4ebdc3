import { describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Unavailable } from '../../src/common/errors/domain-error.js';
import { type ProblemCode, PROBLEMS } from '../../src/common/errors/problems.js';
import { BASE_PATH } from '../../src/http/resource.js';
import { newId } from '../../src/common/ids.js';
import { IdempotencyService, inProgress } from '../../src/idempotency/idempotency.service.js';
import { TenantBuckets } from '../../src/rate-limit/tenant-buckets.js';
import { createTestApp } from '../support/create-test-app.js';
import {
  type OpenApiOperation,
  openApiStructure,
  operationsOf,
  referencesIn,
  requestExamplesOf,
  resolve,
} from '../support/openapi-structure.js';
import { addressOf } from '../support/operations.js';
import { MISSING_ID, UUID } from '../support/samples.js';
import type { TestClient } from '../support/test-client.js';

const { as } = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const anybody = as();
const { body: served } = await anybody.get('//openapi.json');
const structure = openApiStructure.safeParse(served);
const operations = operationsOf(served);

const SCOPES = ['conversations:read', 'conversations:write', 'events:read', 'webhooks:manage'];
/** Nobody listens there. */
const RECEIVER = 'http://127.0.0.1:1/hook';
const limited = await createTestApp({ environment: { RATE_LIMIT: '100000', WEBHOOK_ALLOW: '127.0.0.1' } });
const ada = limited.as({ tenant: 'acme' });
const usedKey = newId();
await ada.post('/conversations', { topic: 'Used' }, { headers: { 'idempotency-key': usedKey } });

/** Codes that are answered before or behind any operation. */
const OF_NO_OPERATION: readonly ProblemCode[] = [
  'origin_forbidden',
  'route_not_found',
  'method_not_allowed',
  'malformed_request',
  'request_timeout',
  'header_fields_too_large',
];

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1 in which everything is described', () => {
    expect(structure.error?.issues ?? []).toEqual([]);
  });

  it('describes every property of every schema, with an example of each value', () => {
    const silent = Object.entries(served.components.schemas).flatMap(([name, schema]) =>
      Object.entries((schema as Schema).properties ?? {})
        .filter(([, property]) => !property.description || !(isNested(property) || hasExample(property)))
        .map(([property]) => `${name}.${property}`),
    );

    expect(silent.filter((name) => !WITHOUT_EXAMPLE.test(name))).toEqual([]);
  });

  it('has no reference that leads nowhere, and no component that nothing refers to', () => {
    const references = referencesIn(served);
    const components = Object.entries({ ...served.components, securitySchemes: {} }).flatMap(
      ([section, parts]) => Object.keys(parts ?? {}).map((name) => `#/components/${section}/${name}`),
    );

    expect(references.filter((target) => resolve(served, target) === undefined)).toEqual([]);
    expect(components.filter((target) => !references.includes(target))).toEqual([]);
  });

  it('names no host: the server is where the document was fetched', () => {
    expect(served.servers).toEqual([{ url: '.', description: expect.any(String) }]);
    expect(JSON.stringify(served)).not.toMatch(/localhost|127\.0\.0\.1/);
  });

  it('asks for the same one scope in either kind of credential', () => {
    for (const { operation } of operations) {
      const [bearer, apiKey] = operation.security;
      expect(Object.values(bearer ?? {})).toEqual(Object.values(apiKey ?? {}));
      expect(operation.security).toEqual([
        { bearer: [expect.any(String)] },
        { apiKey: [expect.any(String)] },
      ]);
    }
  });

  it('takes tenant_id and tenant_unit_id everywhere', () => {
    for (const { operation } of operations) {
      expect(operation.parameters).toEqual(
        expect.arrayContaining([
          { $ref: '#/components/parameters/TenantId' },
          { $ref: '#/components/parameters/TenantUnitId' },
        ]),
      );
    }
  });

  it('says at each operation which codes it can answer, and forgets none of the catalogue', () => {
    const documented = new Set(operations.flatMap(({ operation }) => codesOf(operation)));
    const expected = Object.keys(PROBLEMS).filter((code) => !OF_NO_OPERATION.some((other) => other === code));

    expect([...documented].sort()).toEqual(expected.sort());
    for (const { operation } of operations) {
      expect(codesOf(operation)).toEqual(expect.arrayContaining(['unauthenticated', 'unavailable']));
    }
  });
});

describe('the examples of the OpenAPI document', () => {
  it('are accepted as they stand, and answered as the document says', async () => {
    const { body: conversation } = await anybody.post('/conversations');
    const { body: message } = await anybody.post(`/conversations/${conversation.id}/messages`, {
      message_from: 'user',
      content: '',
    });
    const { body: webhook } = await anybody.post('/webhooks', { url: RECEIVER });
    const addresses = {
      conversation_id: String(conversation.id),
      message_id: String(message.id),
      webhook_id: String(webhook.id),
    };
    const deletedLast = operations.toSorted(
      (a, b) => Number(a.method === 'delete') - Number(b.method === 'delete'),
    );

    for (const { method, path, operation } of deletedLast) {
      const address = addressOf({ path }, addresses);
      for (const example of operation.requestBody ? requestExamplesOf(served, operation) : [undefined]) {
        const answer = await anybody.send(method.toUpperCase(), `/${address}`, example);
        expect([
          operation.operationId,
          answer.status,
          faultsOf(operation, answer.status, answer.body),
        ]).toEqual([operation.operationId, successOf(operation), []]);
      }
    }
  });
});

describe('every answer', () => {
  it.each(operations.map((found) => [found.operation.operationId, found] as const))(
    'of %s has the headers that the document names, and a problem says what its example says',
    async (_, { method, path, operation }) => {
      const { body: conversation } = await ada.post('/conversations', { status: 'cancelled' });
      const messages = `/conversations/${conversation.id}/messages`;
      const { body: message } = await ada.post(messages, TAKEN_MESSAGE);
      const { body: redacted } = await ada.post(messages, { message_from: 'user', content: '' });
      await ada.post(`${messages}/${redacted.id}/redact`);
      await ada.post('/conversations', TAKEN_CONVERSATION);
      const { body: webhook } = await ada.post('/webhooks', { url: RECEIVER });
      const { body: disabled } = await ada.post('/webhooks', { url: RECEIVER });
      await ada.patch(`/webhooks/${disabled.id}`, { enabled: false });
      const [valid] = requestExamplesOf(served, operation);
      const seen = new Map<string, Set<string>>();

      const send = async ({
        client = ada,
        body = valid,
        query,
        headers,
        missing,
        isRedacted,
        isDisabled,
      }: Request) => {
        const ids: Record<string, string> = {
          conversation_id: conversation.id,
          message_id: message.id,
          webhook_id: isDisabled ? disabled.id : webhook.id,
        };
        if (missing) ids[missing] = MISSING_ID;
        if (isRedacted) ids['message_id'] = redacted.id;
        const address = addressOf({ path }, ids);
        const options = { query, headers: { 'idempotency-key': newId(), ...headers } };
        if (missing && !path.includes(missing)) {
          // Made by an earlier request with the key, and gone.
          const made = await client.send(method.toUpperCase(), `/${address}`, body, options);
          await client.delete(made.headers.location?.replace(BASE_PATH, '') ?? '');
        }
        const answers = [await client.send(method.toUpperCase(), `/${address}`, body, options)];
        // With the same key: what was done is answered again.
        if (method === 'post' || method === 'patch')
          answers.push(await client.send(method.toUpperCase(), `/${address}`, body, options));
        for (const { status, headers: sent } of answers) {
          const names = Object.keys(sent).filter((name) => HEADERS.has(name));
          seen.set(String(status), new Set([...(seen.get(String(status)) ?? []), ...names]));
        }
        return answers;
      };

      for (const { code, value } of problemsOf(operation)) {
        const provoke = PROVOCATIONS[code];
        if (!provoke) throw new Error(`Nobody knows how to provoke ${code}.`);
        for (const { body } of await send(provoke(valid)))
          expect(body).toEqual({
            ...value,
            // Of this very feed.
            ...(code === 'events_expired' && { earliest: expect.stringMatching(/^[0-9a-f]{10}-0$/) }),
            instance: expect.stringMatching(BASE_PATH),
            request_id: expect.stringMatching(UUID),
          });
        jest.restoreAllMocks();
      }
      if (operation.responses[200] && operation.responses[201])
        await send({ body: { ...taken(valid), if_exists: 'return' } });
      if (operation.responses[304]) await send({ headers: { 'if-none-match': '*' } });
      await send({});

      expect(headersByStatus([...seen])).toEqual(
        headersByStatus(
          Object.entries(operation.responses).map(([status, part]) => [status, headersOf(part)]),
        ),
      );
    },
  );
});

/** How a request differs from one that succeeds. */
interface Request {
  client?: TestClient;
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** The parameter of the path that names nothing; of an operation that makes it, what it made is gone. */
  missing?: string;
  /** The message is one that is redacted. */
  isRedacted?: boolean;
  /** The webhook is one that is disabled. */
  isDisabled?: boolean;
}

const TAKEN_CONVERSATION = { external_id: 'taken', if_exists: 'return' };
const TAKEN_MESSAGE = { message_from: 'user', content: '', external_id: 'taken' };
/** A body of this kind whose name is taken. */
function taken(valid: object | undefined): object {
  if (valid && 'messages' in valid) return { messages: [TAKEN_MESSAGE] };
  return valid && 'content' in valid ? TAKEN_MESSAGE : { external_id: 'taken' };
}

const successOf = ({ responses }: { responses: object }): number =>
  Math.max(
    ...Object.keys(responses)
      .map(Number)
      .filter((status) => status < 300),
  );

/** What leads to each problem at any operation that has it, given the body that succeeds. */
const PROVOCATIONS: Record<string, (valid: object | undefined) => Request> = {
  malformed_json: () => ({ body: '{' }),
  tenant_required: () => ({ client: limited.as({ scopes: [...SCOPES, 'tenants:any'] }) }),
  unauthenticated: () => ({ client: limited.as() }),
  tenant_forbidden: () => ({ query: { tenant_id: 'other' } }),
  tenant_unit_forbidden: () => ({
    client: limited.as({ tenant: 'acme', unit: 'north' }),
    query: { tenant_unit_id: 'south' },
  }),
  insufficient_scope: () => ({ client: limited.as({ tenant: 'acme', scopes: [] }) }),
  conversation_not_found: () => ({ missing: 'conversation_id' }),
  message_not_found: () => ({ missing: 'message_id' }),
  idempotency_in_progress: () => {
    jest.spyOn(limited.app.get(IdempotencyService), 'once').mockRejectedValue(inProgress());
    return {};
  },
  status_conflict: () => ({ body: { status: 'completed', expected_status: 'running' } }),
  conversation_exists: (valid) => ({ body: taken(valid) }),
  message_exists: (valid) => ({ body: taken(valid) }),
  message_redacted: () => ({ isRedacted: true }),
  sequence_conflict: (valid) => ({ body: { ...valid, expected_last_sequence: 7 } }),
  precondition_failed: () => ({ headers: { 'if-match': '"0"' } }),
  payload_too_large: () => ({ body: ' '.repeat(8 * 1024 * 1024 + 1) }),
  unsupported_media_type: () => ({ headers: { 'content-type': 'text/plain' } }),
  validation_failed: (valid) => (valid ? { body: { ...valid, colour: 'x' } } : { query: { verbose: '1' } }),
  invalid_cursor: () => ({ query: { cursor: 'x' } }),
  events_expired: (valid) =>
    valid ? { body: { after: '0000000000-1' } } : { query: { after: '0000000000-1' } },
  webhook_not_found: () => ({ missing: 'webhook_id' }),
  webhook_disabled: () => ({ isDisabled: true }),
  idempotency_key_reused: () => ({ headers: { 'idempotency-key': usedKey } }),
  rate_limited: () => {
    jest
      .spyOn(limited.app.get(TenantBuckets), 'take')
      .mockReturnValue({ allowed: false, remaining: 0, nextTokenMs: 1000 });
    return {};
  },
  internal_error: () => breakDatabase(new Error('A fault.')),
  unavailable: () => breakDatabase(new Unavailable('The database cannot be reached.')),
};

function breakDatabase(error: Error): Request {
  jest.spyOn(limited.app.get(DataSource), 'createQueryRunner').mockImplementation(() => {
    throw error;
  });
  return {};
}

interface Media {
  schema: Schema;
  examples?: Record<string, { value: object }>;
}

interface Answer {
  headers?: object;
  content?: Record<string, Media>;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  items?: object;
  examples?: unknown[];
  default?: unknown;
  additionalProperties?: boolean;
}

/** Ids that are usually left out, and a status that would make the example depend on the state before. */
const WITHOUT_EXAMPLE =
  /\.(agent_id|user_id|status|expected_status|external_id|if_exists|expected_last_sequence|created_time|actor)$/;
const hasExample = ({ examples, default: byDefault }: Schema) =>
  examples !== undefined || byDefault !== undefined;
const isNested = ({ items }: Schema) => items !== undefined;

const answerOf = (part: object): Answer =>
  '$ref' in part ? (resolve(served, String(part.$ref)) as Answer) : part;

const headersOf = (part: object): string[] =>
  Object.keys(answerOf(part).headers ?? {}).map((name) => name.toLowerCase());

/** All headers that any answer is said to have. */
const HEADERS = new Set(
  operations.flatMap(({ operation }) => Object.values(operation.responses).flatMap(headersOf)),
);

const headersByStatus = (entries: [string, Iterable<string>][]) =>
  Object.fromEntries(entries.map(([status, names]) => [status, [...names].sort()]));

/** The problems of an operation, each with its example. */
const problemsOf = ({ responses }: OpenApiOperation) =>
  Object.entries(responses).flatMap(([status, part]) =>
    Object.entries(answerOf(part).content?.['application/problem+json']?.examples ?? {}).map(
      ([code, { value }]) => ({ code, status: Number(status), value }),
    ),
  );

function codesOf(operation: OpenApiOperation): string[] {
  return problemsOf(operation).map(({ code, status, value }) => {
    expect(value).toMatchObject({ code, status, type: `/problems/${code}` });
    return code;
  });
}

/** What is wrong with an answer by the schema of its status; also a property that the schema does not know. */
function faultsOf(operation: OpenApiOperation, status: number, body: unknown): unknown[] {
  const { content } = operation.responses[status] as Answer;
  if (!content) return body === undefined ? [] : ['has a body'];
  const closed = structuredClone(served.components.schemas) as Record<string, Schema>;
  for (const one of Object.values(closed)) if (one.properties) one.additionalProperties = false;
  const text = JSON.stringify({ ...content['application/json']?.schema, $defs: closed });
  const schema = z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
  return schema.safeParse(body).error?.issues ?? [];
}
