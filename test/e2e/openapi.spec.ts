import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type ProblemCode, PROBLEMS } from '../../src/common/errors/problems.js';
import { createTestApp } from '../support/create-test-app.js';
import {
  type OpenApiOperation,
  openApiStructure,
  operationsOf,
  referencesIn,
  resolve,
} from '../support/openapi-structure.js';

const { as } = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const anybody = as();
const { body: served } = await anybody.get('//openapi.json');
const structure = openApiStructure.safeParse(served);
const operations = operationsOf(served);

/** Codes that are answered before or behind any operation. */
const OF_NO_OPERATION: readonly ProblemCode[] = [
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

  it('has the operations of the contract, in its order', () => {
    expect(
      operations.map(({ method, path, operation }) => `${operation.operationId}: ${method} ${path}`),
    ).toEqual(
      `listConversations: get /admin/api/v2/conversations
createConversation: post /admin/api/v2/conversations
getConversation: get /admin/api/v2/conversations/{conversation_id}
updateConversation: patch /admin/api/v2/conversations/{conversation_id}
deleteConversation: delete /admin/api/v2/conversations/{conversation_id}
updateConversationStatus: patch /admin/api/v2/conversations/{conversation_id}/status
listMessages: get /admin/api/v2/conversations/{conversation_id}/messages
appendMessage: post /admin/api/v2/conversations/{conversation_id}/messages
appendMessages: post /admin/api/v2/conversations/{conversation_id}/messages/batch
getMessage: get /admin/api/v2/conversations/{conversation_id}/messages/{message_id}
updateMessage: patch /admin/api/v2/conversations/{conversation_id}/messages/{message_id}`.split('\n'),
    );
  });

  it('describes every property of every schema, with an example of each value', () => {
    const silent = Object.entries(served.components.schemas).flatMap(([name, schema]) =>
      Object.entries((schema as Schema).properties ?? {})
        .filter(([, property]) => !property.description || !(isNested(property) || hasExample(property)))
        .map(([property]) => `${name}.${property}`),
    );

    expect(silent.filter((name) => !WITHOUT_EXAMPLE.includes(name))).toEqual([]);
  });

  it('has no reference that leads nowhere, and no component that nothing refers to', () => {
    const references = referencesIn(served);
    const components = Object.entries({ ...served.components, securitySchemes: {} }).flatMap(
      ([section, parts]) => Object.keys(parts ?? {}).map((name) => `#/components/${section}/${name}`),
    );

    expect(references.filter((target) => resolve(served, target) === undefined)).toEqual([]);
    expect(components.filter((target) => !references.includes(target))).toEqual([]);
  });

  it('names no host', () => {
    expect(served.servers).toEqual([{ url: '/', description: expect.any(String) }]);
    expect(JSON.stringify(served)).not.toMatch(/localhost|127\.0\.0\.1/);
  });

  it('asks reading operations for one scope and writing ones for the other, in either kind of credential', () => {
    for (const { method, operation } of operations) {
      const scopes = [method === 'get' ? 'conversations:read' : 'conversations:write'];
      expect(operation.security).toEqual([{ bearer: scopes }, { apiKey: scopes }]);
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

  it('requires a body exactly where a property of it is required', () => {
    const required = operations
      .filter(({ operation }) => operation.requestBody?.required)
      .map(({ operation }) => operation.operationId);

    expect(required).toEqual(['updateConversation', 'appendMessage', 'appendMessages']);
  });

  it('says at each operation which codes it can answer, and forgets none of the catalogue', () => {
    const documented = new Set(operations.flatMap(({ operation }) => codesOf(operation)));
    const expected = Object.keys(PROBLEMS).filter((code) => !OF_NO_OPERATION.some((other) => other === code));

    expect([...documented].sort()).toEqual(expected.sort());
    for (const { operation } of operations) {
      expect(codesOf(operation)).toEqual(expect.arrayContaining(['unauthenticated', 'unavailable']));
    }
  });

  it('explains every code on a page for people', async () => {
    for (const code of Object.keys(PROBLEMS)) {
      const { status, headers, text } = await anybody.get(`//problems/${code}`);
      expect([code, status, headers['content-type']]).toEqual([code, 200, 'text/html; charset=utf-8']);
      expect(text).toContain(`<code>${code}</code>`);
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
    const addresses = { conversation_id: String(conversation.id), message_id: String(message.id) };
    const deletedLast = operations.toSorted(
      (a, b) => Number(a.method === 'delete') - Number(b.method === 'delete'),
    );

    for (const { method, path, operation } of deletedLast) {
      const address = path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof addresses) => addresses[name]);
      const body = operation.requestBody?.content['application/json'] as Media | undefined;
      const examples = body ? examplesOf(body) : [undefined];
      for (const example of examples) {
        const answer = await anybody.send(method.toUpperCase(), `/${address}`, example);
        expect([
          operation.operationId,
          answer.status,
          faultsOf(operation, answer.status, answer.body),
        ]).toEqual([operation.operationId, method === 'delete' ? 204 : method === 'post' ? 201 : 200, []]);
      }
    }
  });
});

interface Media {
  schema: Schema;
  examples?: Record<string, { value: unknown }>;
}

interface Answer {
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
const WITHOUT_EXAMPLE = [
  'AppendMessageDto.agent_id',
  'AppendMessageDto.user_id',
  'UpdateConversationStatusDto.expected_status',
];
const hasExample = ({ examples, default: byDefault }: Schema) =>
  examples !== undefined || byDefault !== undefined;
const isNested = ({ items }: Schema) => items !== undefined;

function codesOf(operation: OpenApiOperation): string[] {
  return Object.entries(operation.responses).flatMap(([status, response]) => {
    if (Number(status) < 400) return [];
    const { content } = ('$ref' in response ? resolve(served, response.$ref) : response) as Answer;
    return Object.entries(content?.['application/problem+json']?.examples ?? {}).map(([code, { value }]) => {
      expect(value).toMatchObject({ code, status: Number(status), type: `/problems/${code}` });
      return code;
    });
  });
}

/** The named examples of a request body; without them one made of the examples of its properties. */
function examplesOf({ schema, examples }: Media): unknown[] {
  if (examples) return Object.values(examples).map(({ value }) => value);
  const { properties } = resolve(served, schema.$ref ?? '') as { properties: Record<string, Schema> };
  const withExample = Object.entries(properties).filter(([, property]) => property.examples);
  return [Object.fromEntries(withExample.map(([name, property]) => [name, property.examples?.[0]]))];
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
