import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { PAGE, SCRIPT, STYLE } from './swagger-ui.assets.js';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const fileOf = (name: string) => () => readFileSync(join(SWAGGER_UI, name));

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/**
 * `/docs`, Swagger UI, and `/openapi.json`, without a credential. Each is made when it is first asked for and then
 * kept as bytes: to answer it again costs next to nothing.
 */
export function serveDocs(fastify: FastifyInstance, document: () => object): void {
  const routes: [path: string, type: string, make: () => string | Buffer][] = [
    ['/openapi.json', 'application/json; charset=utf-8', () => JSON.stringify(document())],
    ['/docs', 'text/html; charset=utf-8', () => PAGE],
    ['/docs/colloquy.js', JAVASCRIPT, () => SCRIPT],
    ['/docs/colloquy.css', CSS, () => STYLE],
    ['/docs/swagger-ui-bundle.js', JAVASCRIPT, fileOf('swagger-ui-bundle.js')],
    ['/docs/swagger-ui.css', CSS, fileOf('swagger-ui.css')],
    ['/docs/favicon-32x32.png', 'image/png', fileOf('favicon-32x32.png')],
  ];
  for (const [path, type, make] of routes) {
    let kept: { bytes: Buffer; etag: string } | undefined;
    fastify.get(path, (request, reply) => {
      kept ??= withTag(Buffer.from(make()));
      void reply.header('etag', kept.etag).type(type);
      if (request.headers['if-none-match'] === kept.etag) void reply.code(304);
      return reply.send(kept.bytes);
    });
  }
  fastify.get('/docs/', (_request, reply) => reply.redirect('../docs', 302));
}

const withTag = (bytes: Buffer) => ({
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 16)}"`,
});
