import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JWTPayload } from 'jose';
import { TOKEN_SECRET } from '../../test/support/test-client.js';
import { base64Of, ec, ed, otherRsa, pemOf, rsa, signToken } from '../../test/support/tokens.js';
import { loadConfig } from '../config/load-config.js';
import { JwtVerifier } from './jwt.verifier.js';

const WITH_SECRET = { AUTH_JWT_SECRET: TOKEN_SECRET };

const verifierWith = (environment: Record<string, string>) =>
  new JwtVerifier(loadConfig({ environment: { AUTH_MODE: 'jwt', ...environment } }));

describe('a token', () => {
  const verifier = verifierWith({
    ...WITH_SECRET,
    AUTH_JWT_ISSUER: 'https://issuer.example',
    AUTH_JWT_AUDIENCE: 'colloquy',
  });
  const good = { iss: 'https://issuer.example', aud: 'colloquy' };
  const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

  it('is accepted with the right signature, issuer and audience, and time left', async () => {
    expect(await verifier.verify(await signToken({ claims: good }))).not.toBeNull();
    expect(
      await verifier.verify(await signToken({ claims: { ...good, aud: ['x', 'colloquy'] } })),
    ).not.toBeNull();
  });

  const refused: [string, Parameters<typeof signToken>[0]][] = [
    ['has expired', { exp: seconds(-60), claims: good }],
    ['never expires', { exp: undefined, claims: good }],
    ['is not valid yet', { claims: { ...good, nbf: seconds(60) } }],
    ['has another issuer', { claims: { ...good, iss: 'https://issuer.example/' } }],
    ['has no issuer', { claims: { aud: 'colloquy' } }],
    ['has another audience', { claims: { ...good, aud: 'Colloquy' } }],
    ['has no audience', { claims: { iss: good.iss } }],
    ['is signed with another secret', { key: Buffer.from(`${TOKEN_SECRET}!`), claims: good }],
    [
      'is signed with an algorithm that is not configured',
      { alg: 'HS512', key: Buffer.alloc(64, 1), claims: good },
    ],
    ['is signed with a key of nobody', { alg: 'RS256', key: rsa.privateKey, claims: good }],
  ];
  it.each(refused)('is refused when it %s', async (_, token) => {
    expect(await verifier.verify(await signToken(token))).toBeNull();
  });

  it.each(['none', 'None', 'NONE', ''])('is refused with alg "%s" and no signature', async (alg) => {
    const claims = base64Of({ sub: 'ada', tenant_id: 'acme', exp: seconds(300), ...good });
    expect(await verifier.verify(`${base64Of({ alg })}.${claims}.`)).toBeNull();
  });

  it('is refused with an exp that is no number', async () => {
    const claims = { ...good, exp: '9999999999' } as unknown as JWTPayload;
    expect(await verifier.verify(await signToken({ exp: undefined, claims }))).toBeNull();
  });

  it('is refused when any part of it was changed', async () => {
    const token = await signToken({ claims: good });
    const [header = '', , signature = ''] = token.split('.');
    const claims = base64Of({ sub: 'ada', tenant_id: 'globex', exp: seconds(300), ...good });
    expect(await verifier.verify(`${header}.${claims}.${signature}`)).toBeNull();
    expect(
      await verifier.verify(`${base64Of({ alg: 'HS256', typ: 'x' })}.${token.slice(token.indexOf('.') + 1)}`),
    ).toBeNull();
    expect(await verifier.verify(token.slice(0, -4))).toBeNull();
  });

  it('is refused with a critical extension that nobody understands', async () => {
    const signed = (header: object) => {
      const text = `${base64Of(header)}.${base64Of({ sub: 'ada', exp: seconds(300), ...good })}`;
      return `${text}.${createHmac('sha256', TOKEN_SECRET).update(text).digest('base64url')}`;
    };
    expect(await verifier.verify(signed({ alg: 'HS256' }))).not.toBeNull();
    expect(await verifier.verify(signed({ alg: 'HS256', crit: ['x'], x: 1 }))).toBeNull();
  });

  it('may be any text: it is refused and never a failure', async () => {
    const part = fc.oneof(fc.string(), fc.base64String(), fc.json().map(base64Of));
    const header = fc
      .record(
        {
          alg: fc.oneof(fc.constantFrom('HS256', 'RS256', 'none'), fc.jsonValue()),
          kid: fc.jsonValue(),
          crit: fc.jsonValue(),
          b64: fc.jsonValue(),
          jwk: fc.jsonValue(),
          typ: fc.jsonValue(),
        },
        { requiredKeys: ['alg'] },
      )
      .map(base64Of);
    const token = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
      fc.tuple(header, part, part).map((parts) => parts.join('.')),
    );
    await fc.assert(fc.asyncProperty(token, async (text) => (await verifier.verify(text)) === null));
  });
});

describe('a public key in PEM', () => {
  const kinds = [
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ] as const;

  it.each(kinds)('verifies %s and nothing else', async (alg, pair) => {
    const { privateKey } = pair;
    const verifier = verifierWith({ AUTH_JWT_PUBLIC_KEY: pemOf(pair) });
    expect(await verifier.verify(await signToken({ alg, key: privateKey }))).toMatchObject({ id: 'ada' });
    for (const [otherAlg, { privateKey: key }] of kinds) {
      if (otherAlg !== alg) expect(await verifier.verify(await signToken({ alg: otherAlg, key }))).toBeNull();
    }
    expect(await verifier.verify(await signToken())).toBeNull();
  });

  it('is no HMAC secret, in whatever form it is written', async () => {
    const pem = pemOf(rsa);
    const forms = [
      pem,
      pem.trimEnd(),
      pem.replaceAll('\n', '\r\n'),
      rsa.publicKey.export({ type: 'spki', format: 'der' }),
    ];
    for (const environment of [{}, WITH_SECRET]) {
      const verifier = verifierWith({ AUTH_JWT_PUBLIC_KEY: pem, ...environment });
      for (const form of forms) {
        expect(await verifier.verify(await signToken({ key: Buffer.from(form) }))).toBeNull();
      }
    }
  });

  it('refuses the same key with a stronger hash or another padding', async () => {
    const verifier = verifierWith({ AUTH_JWT_PUBLIC_KEY: pemOf(rsa) });
    for (const alg of ['RS512', 'PS256']) {
      expect(await verifier.verify(await signToken({ alg, key: rsa.privateKey }))).toBeNull();
    }
  });

  it('stands beside a secret, each with its own algorithm', async () => {
    const verifier = verifierWith({ ...WITH_SECRET, AUTH_JWT_PUBLIC_KEY: pemOf(rsa) });
    expect(await verifier.verify(await signToken())).not.toBeNull();
    expect(await verifier.verify(await signToken({ alg: 'RS256', key: rsa.privateKey }))).not.toBeNull();
    expect(await verifier.verify(await signToken({ alg: 'RS256', key: otherRsa.privateKey }))).toBeNull();
  });
});

describe('the claims of a token', () => {
  const verifier = verifierWith(WITH_SECRET);
  const principalWith = async (claims: JWTPayload) => verifier.verify(await signToken({ claims }));

  it('say who sends the request and what they may do', async () => {
    expect(
      await principalWith({
        sub: 'ada',
        name: 'Ada Lovelace',
        role: 'operator',
        tenant_id: 'acme',
        tenant_unit_id: 'north',
        scope: 'conversations:read openid tenants:any',
      }),
    ).toEqual({
      credentialId: expect.stringMatching(/^jwt:[\w-]{43}$/),
      id: 'ada',
      name: 'Ada Lovelace',
      role: 'operator',
      userId: 'ada',
      tenantId: 'acme',
      tenantUnitId: 'north',
      scopes: new Set(['conversations:read', 'tenants:any']),
      expiresTime: expect.any(Date),
    });
  });

  it.each<[string, JWTPayload, string[]]>([
    ['an array `scopes`', { scopes: ['conversations:read', 'x', 1, null] }, ['conversations:read']],
    ['an array `scope`', { scope: ['conversations:write'] }, ['conversations:write']],
    ['no scope', {}, []],
    ['a scope in other letters', { scope: 'Conversations:Read conversations:read,tenants:any' }, []],
    ['scopes in one string with commas', { scopes: 'conversations:read,conversations:write' }, []],
    ['an object', { scopes: { 'conversations:read': true } }, []],
    ['true', { scope: true }, []],
  ])('give scopes by %s', async (_, claims, scopes) => {
    expect((await principalWith(claims))?.scopes).toEqual(new Set(scopes));
  });

  it.each([null, undefined])('bind to no tenant with tenant_id %p', async (tenant) => {
    expect(await principalWith({ tenant_id: tenant })).toMatchObject({ tenantId: null, tenantUnitId: null });
  });

  it('are refused with an odd tenant or unit, instead of being bound to none', async () => {
    const texts = ['', ' ', 'a b', ' acme', 'acme\n', 'acme\0', 'a/b', 'ä', '*', 'x'.repeat(65)];
    for (const id of [...texts, 0, 42, true, false, [], ['acme'], {}, { id: 'acme' }]) {
      expect([id, await principalWith({ tenant_id: id })]).toEqual([id, null]);
      expect([id, await principalWith({ tenant_unit_id: id })]).toEqual([id, null]);
    }
  });

  it('are refused without a subject that can be stored', async () => {
    for (const sub of [undefined, null, '', 1, ['ada'], 'x'.repeat(256), '\ud800'])
      expect([sub, await principalWith({ sub } as JWTPayload)]).toEqual([sub, null]);
  });

  it('name the user of any identity provider, and nobody where the subject cannot be one', async () => {
    for (const sub of ['auth0|ada', 'ada@example.org', 'whatsapp:+1555', 'x'.repeat(255)])
      expect(await principalWith({ sub })).toMatchObject({ id: sub, userId: sub });
    for (const sub of ['', 'a b', 'é', 'x'.repeat(256), 1, null])
      expect(await principalWith({ sub } as JWTPayload)).toBeNull();
  });

  it('give scopes by the claim that is configured, and by no other', async () => {
    const other = verifierWith({ ...WITH_SECRET, AUTH_CLAIM_SCOPE: 'permissions' });
    const claims = { scope: 'conversations:write', scopes: ['conversations:write'] };
    const scopesOf = async (of: JwtVerifier, more: JWTPayload) => [
      ...((await of.verify(await signToken({ claims: { sub: 'ada', ...more } })))?.scopes ?? []),
    ];

    expect(await scopesOf(other, claims)).toEqual([]);
    expect(await scopesOf(other, { ...claims, permissions: ['conversations:read'] })).toEqual([
      'conversations:read',
    ]);
    expect(await scopesOf(verifierWith(WITH_SECRET), { ...claims, scope: null })).toEqual([]);
    const named = verifierWith({ ...WITH_SECRET, AUTH_CLAIM_SCOPE: 'scope' });
    expect(await scopesOf(named, { scopes: ['conversations:read'] })).toEqual([]);
  });

  it.each([
    ['expired', { exp: 1 }, {}],
    ['wrong audience', { claims: { sub: 'ada', aud: 'other' } }, { AUTH_JWT_AUDIENCE: 'colloquy' }],
    ['iss missing', { claims: { sub: 'ada' } }, { AUTH_JWT_ISSUER: 'me' }],
    ['tenant_id malformed', { claims: { sub: 'ada', tenant_id: 'a b' } }, {}],
    ['wrong signature', { key: Buffer.alloc(32, 1) }, {}],
  ])('of a token that is refused tell why: %s', async (reason, token, environment) => {
    const reasons: string[] = [];
    const verifier = verifierWith({ ...WITH_SECRET, ...environment });

    expect(await verifier.verify(await signToken(token), (one) => void reasons.push(one))).toBeNull();

    expect(reasons).toEqual([reason]);
  });

  it('leave out an odd name and an odd role', async () => {
    for (const odd of [1, {}, '', 'x'.repeat(256), '\ud800'])
      expect(await principalWith({ name: odd, role: odd })).toMatchObject({ name: null, role: null });
  });

  it('name the same credential for a renewed token, and another for another issuer', async () => {
    const idOf = async (claims: JWTPayload) => (await principalWith(claims))?.credentialId;
    const id = await idOf({ iss: 'a', jti: '1' });
    expect(await idOf({ iss: 'a', jti: '2' })).toBe(id);
    expect(await idOf({ iss: 'b' })).not.toBe(id);
    expect(await idOf({ iss: 'a', sub: 'bob' })).not.toBe(id);
  });

  it('may have other names', async () => {
    const renamed = verifierWith({
      ...WITH_SECRET,
      AUTH_CLAIM_SUBJECT: 'uid',
      AUTH_CLAIM_NAME: 'https://colloquy.example/name',
      AUTH_CLAIM_ROLE: 'job',
      AUTH_CLAIM_TENANT_ID: 'org',
      AUTH_CLAIM_TENANT_UNIT_ID: 'team',
      AUTH_CLAIM_SCOPE: 'permissions',
    });
    const claims = {
      sub: 'not-ada',
      uid: 'ada',
      'https://colloquy.example/name': 'Ada',
      job: 'operator',
      tenant_id: 'globex',
      org: 'acme',
      team: 'north',
      permissions: ['conversations:read'],
      scope: 'tenants:any',
    };
    expect(await renamed.verify(await signToken({ claims }))).toMatchObject({
      id: 'ada',
      name: 'Ada',
      role: 'operator',
      tenantId: 'acme',
      tenantUnitId: 'north',
      scopes: new Set(['conversations:read']),
    });
  });
});
