import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { developerIn } from './developer.js';
import { VerifiedTokens } from './verified-tokens.js';

const START = Date.parse('2026-01-31T08:00:00Z');
const principal = developerIn('acme');

describe('VerifiedTokens', () => {
  beforeEach(() => void jest.useFakeTimers({ now: START }));
  afterEach(() => void jest.useRealTimers());

  it('knows a token for a minute', () => {
    const tokens = new VerifiedTokens();
    tokens.remember('token', principal, START / 1000 + 3600);
    jest.setSystemTime(START + 59_999);
    expect(tokens.find('token')).toBe(principal);
    jest.setSystemTime(START + 60_000);
    expect(tokens.find('token')).toBeUndefined();
  });

  it('never knows a token that has expired', () => {
    const tokens = new VerifiedTokens();
    tokens.remember('token', principal, START / 1000 + 5);
    jest.setSystemTime(START + 4_999);
    expect(tokens.find('token')).toBe(principal);
    jest.setSystemTime(START + 5_000);
    expect(tokens.find('token')).toBeUndefined();
  });

  it('forgets the oldest when there are too many', () => {
    const tokens = new VerifiedTokens();
    for (let n = 0; n <= 10_000; n++) tokens.remember(`token ${n}`, principal, START / 1000 + 3600);
    expect(tokens.find('token 0')).toBeUndefined();
    expect(tokens.find('token 1')).toBe(principal);
    expect(tokens.find('token 10000')).toBe(principal);
  });
});
