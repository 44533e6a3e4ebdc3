import { createSecretKey } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SignJWT } from 'jose';
import { BASE_PATH } from '../../src/http/resource.js';

export const TOKEN_SECRET = 'a secret that only the tests know, 32+';

/** All but those that widen what may be touched. */
const DEFAULT_SCOPES = ['conversations:read', 'conversations:write', 'events:read', 'webhooks:manage'];

/** The claims of a test's token. */
export interface Identity {
  tenant?: string;
  unit?: string;
  sub?: string;
  name?: string;
  role?: string;
  /** Default: to read and write conversations, to read events and to manage webhooks. */
  scopes?: readonly string[];
}

interface TestResponse {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  /** The parsed JSON body; undefined when empty. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads whatever it expects
  readonly body: any;
  readonly text: string;
}

interface RequestOptions {
  query?: Record<string, string | number | readonly string[]>;
  headers?: Record<string, string>;
}

export function tokenFor(
  { tenant, unit, sub = 'ada', name, role, scopes }: Identity,
  expires = '5m',
): Promise<string> {
  return new SignJWT({
    ...(tenant !== undefined && { tenant_id: tenant }),
    ...(unit !== undefined && { tenant_unit_id: unit }),
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    scope: (scopes ?? DEFAULT_SCOPES).join(' '),
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(expires)
    .sign(createSecretKey(TOKEN_SECRET, 'utf8'));
}

/** Sends requests to the app in this process, with the token of one identity. Paths are below the base path. */
export class TestClient {
  constructor(
    private readonly app: NestFastifyApplication,
    private readonly identity?: Identity,
  ) {}

  get = (path: string, options?: RequestOptions) => this.send('GET', path, undefined, options);
  delete = (path: string, options?: RequestOptions) => this.send('DELETE', path, undefined, options);
  post = (path: string, body?: unknown, options?: RequestOptions) => this.send('POST', path, body, options);
  patch = (path: string, body?: unknown, options?: RequestOptions) => this.send('PATCH', path, body, options);

  /** A string body is sent as it is; anything else as JSON; undefined not at all. A path with `//` in front is absolute. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    { query = {}, headers = {} }: RequestOptions = {},
  ): Promise<TestResponse> {
    const parameters = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]),
      ),
    ).toString();
    const url = (path.startsWith('//') ? path.slice(1) : BASE_PATH + path) + (parameters && `?${parameters}`);
    const response = await this.app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(this.identity && { authorization: `Bearer ${await tokenFor(this.identity)}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    });
    const isJson = /[/+]json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      headers: response.headers as TestResponse['headers'],
      body: isJson && response.payload !== '' ? (JSON.parse(response.payload) as unknown) : undefined,
      text: response.payload,
    };
  }
}
