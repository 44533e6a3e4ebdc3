// Puts the service and the packages that it uses together in a few files, dist/: see docs/decisions/0017-one-bundle.md.
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { defineConfig } from 'rolldown';
import { licenses } from './tools/licenses.mjs';

/** A native binding, and files that a browser is sent. docker/Dockerfile copies them. */
const STAY_PACKAGES = ['better-sqlite3', 'swagger-ui-dist'];

/** What Nest would load for an application that uses it. */
const NOT_USED = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
];

const ENTRY_POINTS = ['src/main.ts', ...globSync('src/cli/*.ts')];

/** What `GET /version` says: COLLOQUY_COMMIT where the build has no repository around it, as in an image. */
function commit() {
  if (process.env.COLLOQUY_COMMIT) return process.env.COLLOQUY_COMMIT;
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio }).trim();
  } catch {
    return null;
  }
}

export default defineConfig({
  input: Object.fromEntries(ENTRY_POINTS.map((file) => [file.replace(/^src\/|\.ts$/g, ''), file])),
  platform: 'node',
  transform: { define: { COLLOQUY_COMMIT: JSON.stringify(commit()) } },
  external: [...STAY_PACKAGES, ...NOT_USED].map((name) => new RegExp(`^${name}(/|$)`)),
  plugins: [licenses],
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
});
