import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const ROOT = join(import.meta.dirname, '../..');
const image = newDirectory(tmpdir());
const DATABASE_URL = `sqlite:${join(image, 'data.sqlite')}`;

it('runs from the files that the image copies, with all that is loaded on demand', async () => {
  const copied = [
    ...readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8').matchAll(
      /^COPY --from=build \/app\/(\S+) (\S+)$/gm,
    ),
  ];
  expect(copied.map(([, from]) => from)).toContain('dist');
  for (const [, from = '', to = ''] of copied) cpSync(join(ROOT, from), join(image, to), { recursive: true });

  const service = await Service.start(
    DATABASE_URL,
    {
      NODE_ENV: 'production',
      AUTH_MODE: 'api-key',
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'pretty',
      RATE_LIMIT: '1000',
      REDIS_URL: 'redis://127.0.0.1:1',
    },
    [process.execPath, join(image, 'dist/main.js')],
  );
  const key = execFileSync(
    process.execPath,
    [join(image, 'dist/cli/keys.js'), 'create', '--name', 'first', '--tenant', 'acme'],
    { env: { ...process.env, DATABASE_URL }, encoding: 'utf8', stdio: 'pipe' },
  );
  const created = await service.send(
    'POST',
    '/conversations',
    {},
    { 'x-api-key': key.trim().split(/\s/).at(-1) ?? '' },
  );
  const script = await service.send('GET', '/docs/swagger-ui-bundle.js');

  expect(created.status).toBe(201);
  expect(script.headers['content-type']).toContain('javascript');
  expect(service.process.output).toContain('INFO');
  expect(await service.process.stop()).toBe(0);
});
