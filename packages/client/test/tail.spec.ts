import { expect, it } from '@jest/globals';
import { colloquy } from '../../../test/support/colloquy-cli.js';
import { tokenFor } from '../../../test/support/test-client.js';
import { CannotRun } from '../../cli/src/errors.js';
import { caught } from './support/caught.js';
import { clientOf, startService } from './support/service.js';

const { url } = await startService();
const identity = {
  tenant: 'acme',
  scopes: ['conversations:read', 'conversations:write', 'events:read'],
};
const { conversations, events } = clientOf(url, { token: () => tokenFor(identity) });

it('colloquy tail prints what happens, of the kinds that are asked for, until it is interrupted', async () => {
  const { id } = await conversations.create();
  const interruption = new AbortController();
  const tail = colloquy('tail', ['--after', 'earliest', '--type', 'message.created', '--conversation', id], {
    url,
    identity,
    signal: interruption.signal,
    onPrint: () => interruption.abort(),
  });

  await conversations.messages.append(id, { message_from: 'user', content: 'Hello' });

  const { exitCode, printed } = await tail;
  expect(exitCode).toBe(130);
  const seen = await events.list({ types: ['message.created'] }).toArray();
  expect(JSON.parse(printed)).toEqual(seen[0]);
});

it('colloquy tail says why it cannot go on', async () => {
  const refused = await caught(colloquy('tail', ['--type', 'nonsense'], { url, identity }));

  expect(refused).toBeInstanceOf(CannotRun);
  expect(String(refused)).toContain('--type must each be one of');
});
