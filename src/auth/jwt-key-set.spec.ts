import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, type JWK } from 'jose';
import { TOKEN_SECRET } from '../../test/support/test-client.js';
import {
  base64Of,
  ec,
  ed,
  type KeyPair,
  newRsa,
  otherRsa,
  rsa,
  signToken,
} from '../../test/support/tokens.js';
import { Unavailable } from '../common/errors/domain-error.js';
import { loadConfig } from '../config/load-config.js';
import { JwtVerifier } from './jwt.verifier.js';

let keys: JWK[] = [];
let answer: () => { status: number; body: string } | undefined;
let fetches = 0;
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((_request, response) => {
    fetches += 1;
    const given = answer();
    if (given) response.writeHead(given.status, { location: url }).end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The key server has no address.');
  url = `http://127.0.0.1:${address.port}/keys`;
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const jwkOf = async ({ publicKey }: KeyPair, kid?: string): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  ...(kid !== undefined && { kid }),
});

function serveKeys(...served: JWK[]): void {
  keys = served;
  fetches = 0;
  answer = () => ({ status: 200, body: JSON.stringify({ keys }) });
}

const verifierOfSet = () =>
  new JwtVerifier(loadConfig({ environment: { AUTH_MODE: 'jwt', AUTH_JWKS_URL: url } }));

const signedBy = ({ privateKey }: KeyPair, kid?: string, exp: string | number = '1h') =>
  signToken({ alg: 'RS256', key: privateKey, exp, ...(kid !== undefined && { header: { kid } }) });

/** Moves the clock that says how old the key set is. */
function later(ms: number): void {
  const time = Date.now() + ms;
  jest.spyOn(Date, 'now').mockReturnValue(time);
}

describe('a key set', () => {
  it('verifies RS256, ES256 and EdDSA, and is fetched once', async () => {
    serveKeys(await jwkOf(rsa, 'r'), await jwkOf(ec, 'e'), await jwkOf(ed, 'd'));
    const verifier = verifierOfSet();
    const tokens = await Promise.all([
      signToken({ alg: 'RS256', key: rsa.privateKey, header: { kid: 'r' } }),
      signToken({ alg: 'ES256', key: ec.privateKey, header: { kid: 'e' } }),
      signToken({ alg: 'EdDSA', key: ed.privateKey, header: { kid: 'd' } }),
      signToken({ alg: 'EdDSA', key: ed.privateKey }),
    ]);
    for (const token of [...tokens, ...tokens])
      expect(await verifier.verify(token)).toMatchObject({ id: 'ada', tenantId: 'acme' });
    expect(fetches).toBe(1);
  });

  it('is fetched once for many requests at the same time', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    const verifier = verifierOfSet();
    const token = await signedBy(rsa, 'r');
    const principals = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    expect(principals).not.toContain(null);
    expect(fetches).toBe(1);
  });

  it('is not fetched for what is no token of its algorithms', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    const verifier = verifierOfSet();
    for (const token of ['x', 'a.b.c', `${base64Of({ alg: 'none' })}.e30.`, await signToken()])
      expect(await verifier.verify(token)).toBeNull();
    expect(fetches).toBe(0);
  });

  it('takes a secret key in the set for no HMAC secret', async () => {
    serveKeys({ kty: 'oct', k: Buffer.from(TOKEN_SECRET).toString('base64url'), kid: 'o', alg: 'HS256' });
    const verifier = verifierOfSet();
    expect(await verifier.verify(await signToken({ header: { kid: 'o' } }))).toBeNull();
  });

  it('refuses a token signed by a key that only names a kid of the set', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    expect(await verifierOfSet().verify(await signedBy(otherRsa, 'r'))).toBeNull();
  });

  it('refuses a token that brings its own key', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    const header = { kid: 'r', jwk: await jwkOf(otherRsa), jku: url };
    const token = await signToken({ alg: 'RS256', key: otherRsa.privateKey, header });
    expect(await verifierOfSet().verify(token)).toBeNull();
  });

  it('is fetched again for a new key, but not for each token with an unknown one', async () => {
    serveKeys(await jwkOf(rsa, 'old'));
    const verifier = verifierOfSet();
    expect(await verifier.verify(await signedBy(rsa, 'old'))).not.toBeNull();
    serveKeys(await jwkOf(rsa, 'old'), await jwkOf(otherRsa, 'new'));

    later(11_000);
    expect(await verifier.verify(await signedBy(otherRsa, 'new'))).not.toBeNull();
    for (let i = 0; i < 5; i++)
      expect(await verifier.verify(await signedBy(otherRsa, `unknown-${i}`))).toBeNull();
    expect(fetches).toBe(1);
  });

  it('no longer has a key that was removed, once it is fetched again', async () => {
    serveKeys(await jwkOf(rsa, 'old'));
    const verifier = verifierOfSet();
    const token = await signedBy(rsa, 'old');
    expect(await verifier.verify(token)).not.toBeNull();
    serveKeys(await jwkOf(otherRsa, 'new'));

    later(10 * 60_000);
    expect(await verifier.verify(token)).toBeNull();
    expect(fetches).toBe(1);
  });

  it('tries each key that fits when a token names none', async () => {
    serveKeys(await jwkOf(otherRsa, 'old'), await jwkOf(rsa, 'new'), await jwkOf(ec, 'e'));
    const verifier = verifierOfSet();
    expect(await verifier.verify(await signedBy(rsa))).not.toBeNull();
    expect(await verifier.verify(await signedBy(newRsa()))).toBeNull();
    expect(await verifier.verify(await signedBy(rsa, undefined, 1))).toBeNull();
  });

  const broken: [string, { status: number; body: string }][] = [
    ['is an error', { status: 500, body: '' }],
    ['is a redirection', { status: 302, body: '' }],
    ['is no JSON', { status: 200, body: '<html>' }],
    ['is no key set', { status: 200, body: '{"message":"maintenance"}' }],
    ['is empty', { status: 200, body: '' }],
  ];
  it.each(broken)(
    'leaves a token undecided when the answer of its server %s, and recovers',
    async (_, given) => {
      serveKeys(await jwkOf(rsa, 'r'));
      answer = () => given;
      const verifier = verifierOfSet();
      const token = await signedBy(rsa, 'r');
      await expect(verifier.verify(token)).rejects.toBeInstanceOf(Unavailable);

      serveKeys(await jwkOf(rsa, 'r'));
      expect(await verifier.verify(token)).not.toBeNull();
    },
  );

  it('leaves a token undecided when its server does not answer in time', async () => {
    serveKeys();
    answer = () => undefined;
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const spy = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(1));
    await expect(verifierOfSet().verify(await signedBy(rsa, 'r'))).rejects.toBeInstanceOf(Unavailable);
    expect(spy).toHaveBeenCalledWith(5_000);
  });

  it('goes on verifying for hours with the keys it has, and asks less and less often', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    const verifier = verifierOfSet();
    const signed = (exp: string) => signedBy(rsa, 'r', exp);
    expect(await verifier.verify(await signed('13h'))).not.toBeNull();
    answer = () => ({ status: 500, body: '' });

    later(11 * 60_000);
    await verifier.verify(await signed('14h')).catch(() => undefined);
    for (let n = 0; n < 20; n++) {
      expect(await verifier.verify(await signed(`${15 + n}h`))).not.toBeNull();
      await verifier.verify(await signedBy(otherRsa, `unknown-${n}`, '13h')).catch(() => undefined);
    }

    expect(fetches).toBeLessThan(5);
  });

  it('goes on verifying with the keys it has while its server is down', async () => {
    serveKeys(await jwkOf(rsa, 'r'));
    const verifier = verifierOfSet();
    const token = await signedBy(rsa, 'r');
    expect(await verifier.verify(token)).not.toBeNull();
    answer = () => ({ status: 500, body: '' });

    later(60_000);
    expect(await verifier.verify(token)).not.toBeNull();
    await expect(verifier.verify(await signedBy(otherRsa, 'new'))).rejects.toBeInstanceOf(Unavailable);
  });
});
