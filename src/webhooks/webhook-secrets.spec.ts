import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newSecret, SecretBox } from './webhook-secrets.js';

const oldKey = randomBytes(32);
const newKey = randomBytes(32);

describe('secrets at rest', () => {
  it('are opened again for their own webhook only', () => {
    const box = new SecretBox([oldKey], true);
    const secret = newSecret();
    const sealed = box.seal('webhook-1', secret);
    expect(sealed).not.toContain(secret.slice('whsec_'.length));
    expect(box.open('webhook-1', sealed)).toBe(secret);
    expect(() => box.open('webhook-2', sealed)).toThrow();
  });

  it('are not opened when they were changed', () => {
    const box = new SecretBox([oldKey], true);
    const sealed = box.seal('webhook-1', newSecret());
    const last = sealed.endsWith('A') ? 'B' : 'A';
    expect(() => box.open('webhook-1', `${sealed.slice(0, -2)}${last}${last}`)).toThrow();
  });

  it('outlive their key as long as it stands behind the new one', () => {
    const secret = newSecret();
    const sealed = new SecretBox([oldKey], true).seal('webhook-1', secret);
    const both = new SecretBox([newKey, oldKey], true);
    expect(both.open('webhook-1', sealed)).toBe(secret);
    const again = both.reseal('webhook-1', sealed);
    expect(again.startsWith(both.newestPrefix ?? 'none')).toBe(true);
    expect(both.reseal('webhook-1', again)).toBe(again);
    expect(() => new SecretBox([newKey], true).open('webhook-1', sealed)).toThrow('WEBHOOK_KEY');
    expect(new SecretBox([newKey], true).open('webhook-1', again)).toBe(secret);
  });

  it('are kept as they are without a key, in development only', () => {
    const secret = newSecret();
    const development = new SecretBox([], false);
    const kept = development.seal('webhook-1', secret);
    expect(development.open('webhook-1', kept)).toBe(secret);
    const later = new SecretBox([newKey], true);
    expect(later.open('webhook-1', kept)).toBe(secret);
    expect(() => new SecretBox([], true).seal('webhook-1', secret)).toThrow('WEBHOOK_KEY');
  });

  it('have 256 random bits', () => {
    expect(Buffer.from(newSecret().slice('whsec_'.length), 'base64')).toHaveLength(32);
    expect(newSecret()).not.toBe(newSecret());
  });
});
