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
  type Hints,
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
import { until } from '../support/until.js';

/** Of each operation, with each seed. More of them find more. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? (isDeep ? 250 : 25));
const HELLO = { message_from: 'user', content: 'Hello' };
const MARK = 'only the victim says this';
/** Answered before an operation is reached. */
const OF_NO_OPERATION = ['malformed_request', 'route_not_found'];
/** Statuses that need a limit or a fault, or bodies of megabytes. */
const NOT_TO_BE_SEEN = ['413', '429', '500', '503'];
/** It needs a race. */
const RACED = 'idempotency_in_progress';

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

// Nothing listens there: a delivery fails at once.
const RECEIVER = 'https://127.0.0.1:1/hook';
const { app, as } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
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
  /** A message that says nothing any more. */
  redacted: string;
  webhook: string;
  disabled: string;
  /** Id of an event. */
  event: string;
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
  const { body: redacted } = await client.post(`/conversations/${conversation.id}/messages`, HELLO);
  await client.post(`/conversations/${conversation.id}/messages/${redacted.id}/redact`);
  const { body: webhook } = await client.post('/webhooks', { url: RECEIVER, description: content });
  const { body: disabled } = await client.post('/webhooks', { url: RECEIVER });
  await client.patch(`/webhooks/${disabled.id}`, { enabled: false });
  let event = '';
  await until('its first event is in the feed', async () => {
    const query = { conversation_id: conversation.id };
    event = (await client.get('/events', { query })).body.data[0]?.id ?? '';
    return event !== '';
  });
  return {
    conversation: conversation.id,
    message: message.id,
    redacted: redacted.id,
    webhook: webhook.id,
    disabled: disabled.id,
    event,
  };
}

async function isThere({ conversation, webhook }: Thing): Promise<boolean> {
  const answers = [`/conversations/${conversation}`, `/webhooks/${webhook}`].map((path) =>
    as(VISITOR).get(path),
  );
  return (await Promise.all(answers)).every(({ status }) => status === 200);
}

async function allOfVictim() {
  const client = as(victim);
  const { body: conversations } = await client.get('/conversations');
  const { body: messages } = await client.get(`/conversations/${victims.conversation}/messages`);
  const { body: webhooks } = await client.get('/webhooks');
  return { conversations, messages, webhooks };
}

/** Which of the things of a kind a path names: most often one that is there. */
const target = fc.oneof(
  { arbitrary: fc.constant('live'), weight: 8 },
  { arbitrary: fc.constant('other'), weight: 3 },
  { arbitrary: fc.constantFrom('victims', 'missing'), weight: 2 },
  { arbitrary: oddSegment.map((segment) => `odd ${segment}`), weight: 2 },
);
type Kind = 'conversation' | 'message' | 'webhook';
const OTHER: Record<Kind, keyof Thing> = {
  conversation: 'conversation',
  message: 'redacted',
  webhook: 'disabled',
};
const idOf = (chosen: string, kind: Kind): string => {
  if (chosen === 'live') return things[0]?.[kind] ?? '';
  if (chosen === 'other') return things[0]?.[OTHER[kind]] ?? '';
  if (chosen === 'victims') return victims[kind];
  return chosen === 'missing' ? MISSING_ID : encodeURIComponent(chosen.slice('odd '.length));
};

/** Stands for the id of an event that is there, until a request is sent. */
const EVENT = '@event';
const fill = (text: string): string => text.replaceAll(EVENT, things[0]?.event ?? '');
const PLACES = [EVENT, 'earliest', 'latest', 'another-1', 'another-2'];
/** What random values hardly ever are: names that are taken, places in the feed, receivers that may be called. */
const HINTS: Hints = {
  external_id: ['a'],
  if_exists: ['return'],
  expected_last_sequence: [0],
  content: ['Hello', 'Bye'],
  message_from: ['user'],
  after: PLACES,
  event_id: PLACES,
  url: [RECEIVER],
  types: [null, ['message.created']],
  feedback: ['new'],
};
/** The only values that are tried: an answer that is held takes too long here. */
const ONLY: Hints = { wait: ['0', '0', '0', '0', '31', 'x'] };

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
  const recordOf = (place: Parameter['in']) => {
    const own = known.filter((parameter) => parameter.in === place);
    type Values = fc.Arbitrary<Record<string, string | undefined>>;
    const some: Values = fc.record(
      Object.fromEntries(
        own.map(({ name, schema }): [string, fc.Arbitrary<string | undefined>] => {
          const only = ONLY[name]?.map(String);
          if (only) return [name, fc.option(fc.constantFrom(...only), { nil: undefined })];
          const values = HEADER_VALUES[name] ?? HINTS[name]?.map(String);
          const any = anyParameter(schema, schemas);
          return [name, values ? fc.oneof(any, fc.constantFrom(...values)) : any];
        }),
      ),
    );
    /** What is hinted at and nothing else, so that all of it means something. */
    const hinted: Values = fc.record(
      Object.fromEntries(
        own.flatMap(({ name }) => {
          const values = HINTS[name]?.filter((value) => typeof value === 'string') ?? [];
          return values.length > 0 ? [[name, fc.constantFrom(...values)]] : [];
        }),
      ),
    );
    // Often none at all, so that the body is what counts.
    return fc.oneof(some, hinted, fc.constant({}));
  };
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    sender,
    conversation: target,
    message: target,
    webhook: target,
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
    body: schema ? anyBody(schema, schemas, HINTS) : fc.constant(undefined),
  });
}

type FuzzRequest = ReturnType<typeof requestOf> extends fc.Arbitrary<infer T> ? T : never;

async function send({ path, method }: FoundOperation, request: FuzzRequest) {
  const given = (values: Record<string, string | undefined>) =>
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const url =
    path
      .replace('{conversation_id}', idOf(request.conversation, 'conversation'))
      .replace('{message_id}', idOf(request.message, 'message'))
      .replace('{webhook_id}', idOf(request.webhook, 'webhook')) +
    `?${new URLSearchParams(given(request.query).map(([name, value]): [string, string] => [name, fill(value)])).toString()}&${request.more}`;
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
    ...(request.body !== undefined && {
      payload: typeof request.body === 'string' ? fill(request.body) : request.body,
    }),
  });
}

/** A body that is JSON and that the document does not allow; what has no body has an empty one. */
function isForbidden({ requestBody }: FoundOperation, { body = '{}' }: FuzzRequest): boolean {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return false;
  try {
    return faultsOf(schema, JSON.parse(fill(body.toString()) || '{}')).length > 0;
  } catch {
    return true;
  }
}

const seen = new Map<string, Set<string>>();
/** Operations and what their 409 said. */
const seenConflicts = new Set<string>();
const conflictsOf = (operation: FoundOperation): string[] =>
  Object.keys(responseOf(operation, 409)?.content?.['application/problem+json']?.examples ?? {}).filter(
    (code) => code !== RACED,
  );

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
          if (!first || !(await isThere(first))) things = [await createThing(VISITOR, 'Hello')];

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
            if (status === 409) seenConflicts.add(`${id} ${Object(body).code}`);
          } else expect(isForbidden(operation, request)).toBe(false);
        }),
        { seed, numRuns: REQUESTS },
      );
    },
    isDeep ? 120_000 : 30_000,
  );
});

/** Headers that stand in each answer whose documentation names them. */
const ALWAYS = ['X-Request-Id', 'ETag', 'Location', 'WWW-Authenticate'];

// It takes this many requests to see the rare ones.
if (isDeep) {
  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s was seen in each status that a request alone can lead to',
    (id, operation) => {
      const reachable = Object.keys(operation.responses).filter(
        (status) =>
          !NOT_TO_BE_SEEN.includes(status) &&
          (status !== '409' || conflictsOf(operation).length > 0) &&
          // What is made is gone only where a request is repeated by its key.
          (status !== '404' || operation.path.includes('{')),
      );
      expect([...(seen.get(id) ?? [])].sort()).toEqual(expect.arrayContaining(reachable));
      expect([...seenConflicts]).toEqual(
        expect.arrayContaining(conflictsOf(operation).map((code) => `${id} ${code}`)),
      );
    },
  );
}
