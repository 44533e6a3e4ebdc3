import { once } from 'node:events';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { Collector, type ReceivedSpan } from './support/collector.js';
import { DatabaseServer, KIND } from './support/database-server.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const [SERVER, CLIENT] = [2, 3];

const database = await DatabaseServer.start();
afterAll(() => database.stop());

const within = (traceId: string, flags = '01') => ({ traceparent: `00-${traceId}-${PARENT_ID}-${flags}` });
const lines = ({ process }: Service) =>
  process.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each([
  ['sqlite', `sqlite:${join(newDirectory(tmpdir()), 'data.sqlite')}`],
  [KIND, database.url],
])('traces of requests on %s', (system, url) => {
  let collector: Collector;
  let service: Service;
  let append: ReceivedSpan;
  let queries: ReceivedSpan[];
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    collector = await Collector.start();
    service = await Service.start(url, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      LOG_LEVEL: 'info',
    });
    receiver = await WebhookReceiver.start();
    await service.send('POST', '/webhooks', {
      url: `${receiver.url}/never-to-be-told`,
      types: ['message.created'],
    });
    const id = await service.newConversation();
    const body = { message_from: 'user', content: 'Never to be seen.' };
    const appended = await service.send('POST', `/conversations/${id}/messages`, body, within(TRACE_ID));
    expect(appended.status).toBe(201);
    await until('the spans arrive', () =>
      [SERVER, CLIENT].every((kind) =>
        collector.spans.some((span) => span.traceId === TRACE_ID && span.kind === kind),
      ),
    );
    const spans = collector.spans.filter(({ traceId }) => traceId === TRACE_ID);
    const [found] = spans.filter(({ kind }) => kind === SERVER);
    if (!found) throw new Error('No span of the request.');
    append = found;
    queries = spans.filter(({ kind }) => kind === CLIENT);
  });
  afterAll(async () => {
    if (!service.process.hasEnded) await service.process.stop();
    collector.close();
  });

  it('are sent by OTLP, in protobuf', () => {
    expect([...collector.contentTypes]).toEqual(['POST /v1/traces application/x-protobuf']);
    expect(append.resource).toMatchObject({
      'service.name': 'colloquy',
      'deployment.environment.name': 'test',
    });
  });

  it('go on with the trace that the client is in', () => {
    expect(append).toMatchObject({
      name: 'POST /admin/api/v2/conversations/:conversation_id/messages',
      parentSpanId: PARENT_ID,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': 201 },
    });
    expect(append.durationMs).toBeGreaterThan(0);
  });

  it('have a span for each round trip to the database, within that of the request, without what was sent', () => {
    expect(queries.length).toBeGreaterThan(0);
    for (const { parentSpanId, attributes } of queries) {
      expect(parentSpanId).toBe(append.spanId);
      expect(attributes['db.system.name']).toBe(system);
    }
    expect(queries.map(({ name }) => name).join()).toMatch(/INSERT.*COMMIT/);
    expect(JSON.stringify(collector.spans)).not.toContain('Never to be seen');
  });

  it('are named by the lines of the log', () => {
    const line = lines(service).find(({ trace_id }) => trace_id === TRACE_ID);

    expect(line).toMatchObject({ message: 'request', status: 201, span_id: append.spanId });
  });

  it('are not kept where whoever began them does not', async () => {
    const unsampled = 'a'.repeat(32);
    await service.send('GET', '/conversations', undefined, within(unsampled, '00'));
    await service.send('GET', '/conversations', undefined, within('b'.repeat(32)));
    await until('a later span arrives', () =>
      collector.spans.some(({ traceId }) => traceId === 'b'.repeat(32)),
    );

    expect(collector.spans.some(({ traceId }) => traceId === unsampled)).toBe(false);
  });

  it('leave out what platforms ask for, and the looks of jobs for work', () => {
    const names = collector.spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name);

    expect(new Set(names)).toEqual(
      new Set(['POST /admin/api/v2/conversations', 'POST /admin/api/v2/webhooks', 'webhook turn']),
    );
  });

  it('have a trace of its own for each turn of a webhook, which the receiver is told of', async () => {
    const attempts = () =>
      collector.spans.filter(({ attributes }) => attributes['server.address'] === '127.0.0.1');
    await until('the span of a delivery arrives', () => attempts().length > 0);

    const [attempt] = attempts();
    const turn = collector.spans.find(({ spanId }) => spanId === attempt?.parentSpanId);
    expect(attempt).toMatchObject({
      name: 'POST',
      kind: CLIENT,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': 204 },
    });
    expect(turn).toMatchObject({ name: 'webhook turn', parentSpanId: '' });
    expect(receiver.traceparents).toEqual([`00-${attempt?.traceId}-${attempt?.spanId}-01`]);
    expect(JSON.stringify(collector.spans)).not.toContain('never-to-be-told');
  });

  it('are sent to the last when the service ends', async () => {
    const last = 'c'.repeat(32);
    await service.send('GET', '/conversations', undefined, within(last));
    await service.process.stop();

    expect(collector.spans.some(({ traceId }) => traceId === last)).toBe(true);
  });
});

it('a collector that is away costs no request, and the log says so once', async () => {
  const collector = await Collector.start();
  collector.close();
  const service = await Service.start('sqlite::memory:', {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    LOG_LEVEL: 'info',
  });
  const tell = (message: string) => lines(service).filter((line) => line['message'] === message).length;
  await until('sending fails', async () => {
    expect((await service.send('GET', '/conversations')).status).toBe(200);
    await sleep(200);
    return tell('Traces cannot be sent.') > 0;
  });
  await collector.listen();
  await until('sending works', async () => {
    await service.send('GET', '/conversations');
    await sleep(200); // of what the service prints, the last is kept
    return tell('Traces can be sent again.') > 0;
  });

  expect(tell('Traces cannot be sent.')).toBe(1);
  await service.process.stop();
  collector.close();
});

it('the fetch of the keys that tokens are verified with carries the trace on', async () => {
  const asked: (string | undefined)[] = [];
  const issuer = createServer((request, response) => {
    asked.push(request.headers.traceparent?.toString());
    response.end('{"keys":[]}');
  }).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const address = issuer.address();
  if (typeof address !== 'object' || !address) throw new Error('No port.');
  const collector = await Collector.start();
  const service = await Service.start('sqlite::memory:', {
    AUTH_MODE: 'jwt',
    AUTH_JWKS_URL: `http://127.0.0.1:${address.port}/keys`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  const token = ['{"alg":"RS256","kid":"a"}', '{"exp":99999999999}', 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  const headers = { ...within(TRACE_ID), authorization: `Bearer ${token}` };
  const { status } = await service.send('GET', '/conversations', undefined, headers);

  expect(status).toBe(401);
  expect(asked).toEqual([expect.stringMatching(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`)]);
  await service.process.stop();
  collector.close();
  issuer.close();
});

it('the SDK is loaded with an endpoint, and nothing of it without', async () => {
  const collector = await Collector.start();

  expect(await sdkFilesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).not.toEqual([]);
  expect(await sdkFilesOf({})).toEqual([]);
  collector.close();
});

/** The files that a service loads with one of the SDK's classes in them, whatever the build calls them. */
async function sdkFilesOf(environment: Record<string, string>): Promise<string[]> {
  const hooks = `import{readFileSync}from'node:fs';import{registerHooks}from'node:module';registerHooks({load(u,c,n){if(u.startsWith('file:')&&readFileSync(new URL(u)).includes('BatchSpanProcessor'))process.stderr.write('SDK '+u+'\\n');return n(u,c)}})`;
  const service = await Service.start('sqlite::memory:', {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hooks)}`,
    ...environment,
  });
  await service.process.stop();
  return service.process.output.split('\n').filter((line) => line.startsWith('SDK '));
}
