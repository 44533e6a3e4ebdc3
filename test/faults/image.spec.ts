import { cpSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { newApiKey, runCommand } from './support/commands.js';
import { DatabaseServer } from './support/database-server.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const ROOT = join(import.meta.dirname, '../..');
const DIALOGUE = { messages: [{ message_from: 'user', content: 'A table for two, please.' }] };

const image = newDirectory(tmpdir());
const dist = join(image, 'dist');
const database = await DatabaseServer.start();

beforeAll(() => {
  const copied = [
    ...readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8').matchAll(
      /^COPY --from=build \/app\/(\S+) (\S+)$/gm,
    ),
  ];
  expect(copied.map(([, from]) => from)).toContain('dist');
  for (const [, from = '', to = ''] of copied) cpSync(join(ROOT, from), join(image, to), { recursive: true });
});

it.each([
  ['SQLite', `sqlite:${join(image, 'data.sqlite')}`],
  ['MariaDB', database.url],
])(
  'the files that the image copies are all that the service and its commands need, on %s',
  async (_, url) => {
    const service = await Service.start(
      url,
      {
        NODE_ENV: 'production',
        AUTH_MODE: 'api-key',
        LOG_LEVEL: 'info',
        LOG_FORMAT: 'pretty',
        RATE_LIMIT: '1000',
        REDIS_URL: 'redis://127.0.0.1:1',
      },
      [process.execPath, join(dist, 'main.js')],
    );
    const key = newApiKey(url, dist);
    const created = await service.send('POST', '/conversations', DIALOGUE, { 'x-api-key': key });
    const listed = await service.send('GET', '/conversations', undefined, { 'x-api-key': key });
    const script = await service.send('GET', '/docs/swagger-ui-bundle.js');

    expect(created.status).toBe(201);
    expect(listed.body).toMatchObject({ total_count: 1, data: [{ message_count: 1 }] });
    expect(script.headers['content-type']).toContain('javascript');
    expect(runCommand('migrations', ['list'], { DATABASE_URL: url }, dist)).toBe('Nothing to do.\n');
    runCommand('counters', ['check'], { DATABASE_URL: url }, dist);
    expect(service.process.output).toContain('INFO');
    expect(await service.process.stop()).toBe(0);
  },
);
