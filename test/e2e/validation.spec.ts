import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { addressOf, DELETED_LAST } from '../support/operations.js';
import { detailAt, expectProblem, placesOf } from '../support/problems.js';

const { as } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
const ada = as({ tenant: 'acme' });
const HELLO = { message_from: 'user', content: 'Hello' };
const conversation = `/conversations/${(await ada.post('/conversations')).body.id}`;
const message = await ada.post(`${conversation}/messages`, HELLO);
const webhook = await ada.post('/webhooks', { url: 'http://127.0.0.1:1/hook' });
const ids = {
  conversation_id: message.body.conversation_id,
  message_id: message.body.id,
  webhook_id: webhook.body.id,
};

const ALL = DELETED_LAST.map(
  (operation) => [operation.id, operation, `/${addressOf(operation, ids)}`] as const,
);
const WITH_BODY = ALL.filter(([, { body }]) => body !== undefined);

const POST_WITHOUT_BODY = ALL.filter(([, { method, body }]) => method === 'POST' && body === undefined);

describe.each(POST_WITHOUT_BODY)('%s, which takes no body,', (_, { method }, path) => {
  it('names what is in one that is sent, and does nothing', async () => {
    const refused = await ada.send(method, path, { force: true, to: 'x' });

    expectProblem(refused, 'validation_failed', '/force', '/to');
    for (const wrong of ['null', '[]', '{', 'x'.repeat(20_000)])
      expectProblem(await ada.send(method, path, wrong), 'validation_failed', '');
    const headers = { 'content-type': 'text/plain' };
    expectProblem(await ada.send(method, path, 'x', { headers }), 'validation_failed', '');
    expect((await ada.get(`${conversation}/messages/${ids.message_id}`)).body.version).toBe(1);
    expect((await ada.get(`/webhooks/${ids.webhook_id}`)).body.version).toBe(webhook.body.version);
  });

  it('takes an empty object for none', async () => {
    expect((await ada.send(method, path, {}, { query: { foo: 1 } })).body.errors).toHaveLength(1);
  });
});

describe.each(WITH_BODY)('the body of %s', (_, { method, body, isBodyRequired }, path) => {
  it('refuses unknown properties and names each', async () => {
    const unknown = { constructor: 1, 'a/b~': null, '': 1, Topic: 'x' };

    const refused = await ada.send(method, path, { ...body, ...unknown });

    expectProblem(refused, 'validation_failed', '/constructor', '/a~1b~0', '/', '/Topic');
    expect(detailAt(refused, '/Topic')).toContain('Topic');
    const polluting = await ada.send(method, path, JSON.stringify(body).replace(/\}$/, ',"__proto__":{}}'));
    expectProblem(polluting, 'validation_failed', '/__proto__');
  });

  it('is refused when it is no object', async () => {
    for (const wrong of ['null', '[]', '[{}]', '1', '"x"', 'true', '1e400', '12345678901234567890'])
      expectProblem(await ada.send(method, path, wrong), 'validation_failed', '');
  });

  it('is an empty object when it is absent', async () => {
    const answers = await Promise.all([
      ada.send(method, path, {}),
      ada.send(method, path),
      ada.send(method, path, ''),
      ada.send(method, path, '', { headers: { 'content-length': '0' } }),
    ]);

    const [empty] = answers;
    expect(empty.status === 422).toBe(isBodyRequired);
    for (const { status, body } of answers) {
      expect(status).toBe(empty.status);
      expect(body.errors).toEqual(empty.body.errors);
    }
  });

  it('has its faults named together with those of the query', async () => {
    const refused = await ada.send(method, path, { x: 1, y: 2 }, { query: { foo: 1, bar: ['2', '3'] } });

    const missing = isBodyRequired ? placesOf(await ada.send(method, path, {})) : [];
    expectProblem(refused, 'validation_failed', 'foo', 'bar', '/x', '/y', ...missing);
    expect(detailAt(refused, 'foo')).toContain('foo');
  });
});

describe.each(ALL)('the query of %s', (_, { method, body }, path) => {
  it('refuses unknown parameters, empty ones too', async () => {
    const query = { foo: 'x', tenantid: '', TENANT_ID: 'acme', 'tenant_id[]': 'acme', __proto__x: '' };

    expectProblem(await ada.send(method, path, body, { query }), 'validation_failed', ...Object.keys(query));
  });

  it('takes tenant and unit once each, in their form', async () => {
    for (const parameter of ['tenant_id', 'tenant_unit_id'])
      for (const value of ['a b', 'é', 'x'.repeat(65), '*', ['acme', 'acme']])
        expectProblem(
          await ada.send(method, path, body, { query: { [parameter]: value } }),
          'validation_failed',
          parameter,
        );
    const both = await ada.send(method, path, body, { query: { tenant_id: '*', tenant_unit_id: ' ' } });
    expectProblem(both, 'validation_failed', 'tenant_id', 'tenant_unit_id');
    const more = await ada.send(method, path, body, { query: { tenant_id: '*', foo: 'x' } });
    expectProblem(more, 'validation_failed', 'tenant_id', 'foo');
  });

  it('reads empty tenant and unit as absent', async () => {
    const query = { tenant_id: '', tenant_unit_id: '' };

    expect((await ada.send(method, path, body, { query })).status).toBeLessThan(300);
  });
});

describe('the faults that are listed', () => {
  it('are at most 100, however many there are', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`unknown${n}`, 1]));
    const wrong = { messages: Array.from({ length: 500 }, () => ({ ...HELLO, x: 1 })) };

    for (const refused of [
      await ada.post('/conversations', { ...unknown, topic: 'x' }),
      await ada.post(`${conversation}/messages/batch`, wrong),
      await ada.get('/conversations', { query: unknown }),
    ]) {
      expect(refused.status).toBe(422);
      expect(refused.body.errors).toHaveLength(100);
    }
  });

  it('are not those of the elements when there are too many', async () => {
    const ones = `{"messages":[${'1,'.repeat(500)}1]}`;

    expectProblem(await ada.post(`${conversation}/messages/batch`, ones), 'validation_failed', '/messages');
  });
});

describe('a refused request', () => {
  it('has changed nothing', async () => {
    const before = (await ada.get('/conversations')).text;

    expect((await ada.post('/conversations', { topic: 'x' }, { query: { foo: 1 } })).status).toBe(422);
    expect((await ada.post('/conversations', { topic: 'x', foo: 1 })).status).toBe(422);

    expect((await ada.get('/conversations')).text).toBe(before);
  });
});
