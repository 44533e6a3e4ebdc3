import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import {
  anyBody,
  anyParameter,
  headerText,
  type JsonSchema,
  oddSegment,
  type Schemas,
} from '../support/arbitrary-requests.js';
import { createTestApp } from '../support/create-test-app.js';
import { isDeep } from '../support/depth.js';
import { exportSchema } from '../support/export-schema.js';
import { MISSING_ID } from '../support/samples.js';
import { SEEDS } from '../support/seeds.js';
import { type Identity, tokenFor } from '../support/test-client.js';

/** Of each operation, with each seed. More of them find more. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? (isDeep ? 250 : 25));
const MARK = 'only the victim says this';
/** Answered before an operation is reached. */
const OF_NO_OPERATION = ['malformed_request', 'route_not_found'];
/** Statuses that need a race, a limit or a fault, or bodies of megabytes. */
const NOT_TO_BE_SEEN = ['409', '413', '429', '500', '503'];

interface Parameter {
  name: string;
  in: 'query' | 'header' | 'path';
  schema: JsonSchema;
}
interface Response {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: JsonSchema; examples?: Record<string, unknown> }>;
}
interface Operation {
  operationId: string;
  parameters: (Parameter | { $ref: string })[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, Response | { $ref: string }>;
}
const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Schemas;
    parameters: Record<string, Parameter>;
    responses: Record<string, Response>;
  };
};
const { schemas, parameters, responses } = document.components;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    ...operation,
  })),
);
type FoundOperation = (typeof operations)[number];

const lastOf = (reference: string) => reference.split('/').at(-1) ?? '';
const parameterOf = (part: Parameter | { $ref: string }) =>
  '$ref' in part ? parameters[lastOf(part.$ref)] : part;
const responseOf = ({ responses: own }: FoundOperation, status: number) => {
  const part = own[status];
  return part && '$ref' in part ? responses[lastOf(part.$ref)] : part;
};

/** What is documented and nothing else: a member that is not in the document is a fault as well. */
const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }));
for (const [name, schema] of Object.entries(schemas)) {
  const closed = schema.properties && schema.additionalProperties === undefined;
  ajv.addSchema(
    { ...schema, ...(closed && { additionalProperties: false }) },
    `#/components/schemas/${name}`,
  );
}
const faultsOf = (schema: object, value: unknown) => (ajv.validate(schema, value) ? [] : (ajv.errors ?? []));
const EXPORT = exportSchema(schemas);

/** A schema that adds members to a closed one, as a problem of one operation does, as one that is closed itself. */
function wholeOf(schema: JsonSchema): JsonSchema {
  if (!schema.allOf) return schema;
  const parts = schema.allOf.map((part) => (part.$ref === undefined ? part : schemas[lastOf(part.$ref)]));
  return {
    type: 'object',
    properties: Object.fromEntries(parts.flatMap((part) => Object.entries(part?.properties ?? {}))),
    required: parts.flatMap((part) => part?.required ?? []),
    additionalProperties: false,
  };
}

/** Throws when a line is not JSON. */
function faultsOfExport(text: string) {
  const [first, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const last = lines.pop();
  return faultsOf(EXPORT, { first, lines, last });
}

const { app, as } = await createTestApp();
const victim: Identity = { tenant: 'victim', sub: 'ada' };
const VISITOR: Identity = { tenant: 'visitor', sub: 'ada' };
/** Who sends the requests, the most frequent first. */
const SENDERS: Record<string, Identity | undefined> = {
  visitor: VISITOR,
  ofUnit: { ...VISITOR, unit: 'north' },
  reader: { ...VISITOR, scopes: ['conversations:read'] },
  writer: { ...VISITOR, scopes: ['conversations:write'] },
  unbound: { sub: 'ada' },
  nobody: undefined,
};
const sender = fc.oneof(
  { arbitrary: fc.constant('visitor'), weight: 12 },
  { arbitrary: fc.constantFrom(...Object.keys(SENDERS)), weight: 6 },
  { arbitrary: fc.constant('forged'), weight: 1 },
);

interface Thing {
  conversation: string;
  message: string;
}
/** The visitor's things that are there; the last ones are new. */
let things: Thing[] = [];
let victims: Thing;

async function createThing(identity: Identity, content: string): Promise<Thing> {
  const client = as(identity);
  const { body: conversation } = await client.post('/conversations', {
    topic: content,
    inputs: { content },
    status: 'paused',
  });
  const { body: message } = await client.post(`/conversations/${conversation.id}/messages`, {
    message_from: 'user',
    content,
    feedback: content,
    metadata: { content },
  });
  return { conversation: conversation.id, message: message.id };
}

async function allOfVictim() {
  const client = as(victim);
  const { body: conversations } = await client.get('/conversations');
  const { body: messages } = await client.get(`/conversations/${victims.conversation}/messages`);
  return { conversations, messages };
}

/** Which conversation or message a path names: most often one that is there. */
const target = fc.oneof(
  { arbitrary: fc.constant('live'), weight: 8 },
  { arbitrary: fc.constantFrom('victims', 'missing'), weight: 2 },
  { arbitrary: oddSegment.map((segment) => `odd ${segment}`), weight: 2 },
);
const idOf = (chosen: string, kind: keyof Thing): string => {
  if (chosen === 'live') return things[0]?.[kind] ?? '';
  if (chosen === 'victims') return victims[kind];
  return chosen === 'missing' ? MISSING_ID : encodeURIComponent(chosen.slice('odd '.length));
};

/** The current tag is "1" or near it. */
const ETAGS = ['"1"', '"2"', '"3"', 'W/"1"', '*', '"x"', '"1","2","3"', ''];
const HEADER_VALUES: Record<string, string[]> = {
  'If-Match': ETAGS,
  'If-None-Match': ETAGS,
  'Idempotency-Key': ['a', '"a"', 'b', '"open', '"\\""', 'a b', 'k'.repeat(255), 'k'.repeat(256)],
};
const contentType = fc.oneof(
  { arbitrary: fc.constant('application/json'), weight: 15 },
  {
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'x',
      '',
    ),
    weight: 1,
  },
);

function requestOf(operation: FoundOperation) {
  const known = operation.parameters.map(parameterOf).filter((parameter) => parameter !== undefined);
  const recordOf = (place: Parameter['in']) =>
    fc.record(
      Object.fromEntries(
        known
          .filter((parameter) => parameter.in === place)
          .map(({ name, schema }): [string, fc.Arbitrary<string | undefined>] => {
            const values = HEADER_VALUES[name];
            const any = anyParameter(schema, schemas);
            return [name, values ? fc.oneof(any, fc.constantFrom(...values)) : any];
          }),
      ),
    );
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    sender,
    conversation: target,
    message: target,
    query: recordOf('query'),
    /** Whatever else stands in the query string, as it is. */
    more: fc.oneof(
      { arbitrary: fc.constant(''), weight: 15 },
      {
        arbitrary: fc.constantFrom(
          'unknown=1',
          'page_size=1&page_size=2',
          'tenant_id=visitor&tenant_id=victim',
          'tenant_id=victim',
          '%zz',
          '=&&=',
          '%00=%ff',
          'a[b]=c',
          '__proto__=x',
        ),
        weight: 1,
      },
    ),
    headers: recordOf('header'),
    requestId: fc.option(fc.string({ maxLength: 200 }), { nil: undefined, freq: 10 }),
    contentType,
    body: schema ? anyBody(schema, schemas) : fc.constant(undefined),
  });
}

type FuzzRequest = ReturnType<typeof requestOf> extends fc.Arbitrary<infer T> ? T : never;

async function send({ path, method }: FoundOperation, request: FuzzRequest) {
  const given = (values: Record<string, string | undefined>) =>
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const url =
    path
      .replace('{conversation_id}', idOf(request.conversation, 'conversation'))
      .replace('{message_id}', idOf(request.message, 'message')) +
    `?${new URLSearchParams(given(request.query)).toString()}&${request.more}`;
  const identity = SENDERS[request.sender];
  const token = request.sender === 'forged' ? 'a.forged.token' : identity && (await tokenFor(identity));
  return app.inject({
    method: method as 'GET',
    url,
    headers: {
      ...Object.fromEntries(given(request.headers).map(([name, value]) => [name, headerText(value)])),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(request.requestId !== undefined && { 'x-request-id': headerText(request.requestId) }),
      ...(request.body !== undefined && { 'content-type': request.contentType }),
    },
    ...(request.body !== undefined && { payload: request.body }),
  });
}

/** A body that is JSON and that the document does not allow; what has no body has an empty one. */
function isForbidden({ requestBody }: FoundOperation, { body = '{}' }: FuzzRequest): boolean {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return false;
  try {
    return faultsOf(schema, JSON.parse(body.toString() || '{}')).length > 0;
  } catch {
    return true;
  }
}

const seen = new Map<string, Set<string>>();

beforeAll(async () => {
  if (testEngine === 'sqlite') await app.get(DataSource).query('PRAGMA synchronous = OFF');
  victims = await createThing(victim, MARK);
});

describe.each(SEEDS)('thousands of requests (seed %i)', (seed) => {
  let before: unknown;
  beforeAll(async () => {
    before = await allOfVictim();
  });
  afterAll(async () => {
    expect(await allOfVictim()).toEqual(before);
  });

  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s answers each as it is documented',
    async (id, operation) => {
      const statuses = seen.get(id) ?? new Set();
      seen.set(id, statuses);
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async (request) => {
          const [first] = things;
          if (!first || (await as(VISITOR).get(`/conversations/${first.conversation}`)).status === 404)
            things = [await createThing(VISITOR, 'Hello')];

          const answer = await send(operation, request);

          const { statusCode: status, headers, payload } = answer;
          expect(payload).not.toContain(MARK);
          expect(status).toBeLessThan(500);
          const documented = responseOf(operation, status);
          if (!documented) throw new Error(`${status} is not documented: ${payload}`);
          statuses.add(String(status));
          for (const name of Object.keys(documented.headers ?? {}).filter((one) => ALWAYS.includes(one))) {
            // Of what is refused, only what is there already has an address.
            const isTold = name !== 'Location' || status < 400 || /"code":"\w+_exists"/.test(payload);
            expect([name, name.toLowerCase() in headers]).toEqual([name, isTold]);
          }
          const [[mediaType, content] = []] = Object.entries(documented.content ?? {});
          if (!content) {
            expect(payload).toBe('');
            return;
          }
          expect(String(headers['content-type']).replace('; charset=utf-8', '')).toBe(mediaType);
          if (mediaType === 'application/x-ndjson') {
            expect(faultsOfExport(payload)).toEqual([]);
            return;
          }
          const body: unknown = JSON.parse(payload);
          expect(faultsOf(wholeOf(content.schema), body)).toEqual([]);
          if (status >= 400) {
            const codes = [...Object.keys(content.examples ?? {}), ...OF_NO_OPERATION];
            expect(codes).toContain(Object(body).code);
          } else expect(isForbidden(operation, request)).toBe(false);
        }),
        { seed, numRuns: REQUESTS },
      );
    },
  );
});

/** Headers that stand in each answer whose documentation names them. */
const ALWAYS = ['X-Request-Id', 'ETag', 'Location', 'WWW-Authenticate'];

/** What leads to each of their statuses is not made at random yet: ids of webhooks and events, names that are taken. */
const NOT_YET = /Webhook|Event|^append|^createConversation$|^forkConversation$/;

// It takes this many requests to see the rare ones.
if (isDeep) {
  const all = operations.map((operation) => [operation.operationId, operation] as const);
  it.each(all.filter(([id]) => !NOT_YET.test(id)))(
    '%s was seen in each status that a request alone can lead to',
    (id, operation) => {
      const reachable = Object.keys(operation.responses).filter((status) => !NOT_TO_BE_SEEN.includes(status));
      expect([...(seen.get(id) ?? [])].sort()).toEqual(expect.arrayContaining(reachable));
    },
  );
}
