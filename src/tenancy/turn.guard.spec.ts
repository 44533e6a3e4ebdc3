import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { TurnGuard } from './turn.guard.js';

const contextOf = (scope: { tenantId: string } | undefined) =>
  ({ switchToHttp: () => ({ getRequest: () => ({ scope }) }) }) as unknown as ExecutionContext;

describe('TurnGuard', () => {
  let guard: TurnGuard;
  let begun: string[];
  beforeEach(() => {
    guard = new TurnGuard();
    begun = [];
  });

  function request(name: string, scope: { tenantId: string } | undefined = { tenantId: name }): void {
    const answer = guard.canActivate(contextOf(scope));
    if (answer === true) begun.push(name);
    else void answer.then(() => begun.push(name));
  }

  it('lets a tenant that is alone begin as many as it likes', () => {
    for (let sent = 0; sent < 100; sent++) request('alone');
    expect(begun).toHaveLength(100);
  });

  it('lets several begin a few in each turn of the event loop, each in the order in which they came', async () => {
    request('neighbour');
    for (let sent = 1; sent <= 9; sent++) request(`flood ${sent}`, { tenantId: 'flood' });
    expect(begun.splice(0)).toEqual(['neighbour', 'flood 1', 'flood 2', 'flood 3', 'flood 4']);

    request('neighbour');
    expect(begun.splice(0)).toEqual(['neighbour']);

    await nextTurn();
    expect(begun.splice(0)).toEqual(['flood 5', 'flood 6', 'flood 7', 'flood 8']);
    request('flood 10', { tenantId: 'flood' });
    await nextTurn();
    expect(begun).toEqual(['flood 9', 'flood 10']);
  });

  it('asks nothing of a request that acts for no tenant', () => {
    request('neighbour');
    request('other');
    const probe = contextOf(undefined);
    for (let sent = 0; sent < 10; sent++) expect(guard.canActivate(probe)).toBe(true);
  });
});
