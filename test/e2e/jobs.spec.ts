import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { JobLeasesRepository } from '../../src/jobs/job-leases.repository.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { startCommand } from '../support/command.js';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';

const first = await createTestApp();
const second = await createTestApp({ databaseUrl: first.databaseUrl });
// Only a server has more than one process.
const api = testEngine === 'mariadb' ? await createTestApp({ environment: { ROLES: 'api' } }) : undefined;
const apps = [first, second, ...(api ? [api] : [])];
const leasesOf = ({ app }: typeof first) => app.get(JobLeasesRepository);
const metrics = async ({ as }: typeof first) => (await as().get('//metrics')).text;

describe('a job that one replica does', () => {
  it('is held by one of them, and by another one as soon as it is given back', async () => {
    expect(await leasesOf(first).hold('sweep')).toBe(true);
    expect(await leasesOf(second).hold('sweep')).toBe(false);
    expect(await leasesOf(first).hold('sweep')).toBe(true);

    await leasesOf(first).giveBack('sweep');

    await until('the other one holds it', () => leasesOf(second).hold('sweep'));
    await until('the first one notices', async () => !(await leasesOf(first).hold('sweep')));
  });

  it('goes to another one when its holder says nothing more', async () => {
    expect(await leasesOf(first).hold('silent')).toBe(true);
    await until('the other one follows', () => leasesOf(second).hold('silent'));
  });
});

describe('periodic work', () => {
  it('can be seen in the metrics', async () => {
    await until('the purge has run', async () =>
      /job_last_success_timestamp_seconds\{name="message-purge"\} \d/.test(await metrics(first)),
    );
    expect(await metrics(first)).toMatch(/job_failures_total\{name="message-purge"\} 0/);
    expect(await metrics(first)).toMatch(/job_duration_seconds_count\{name="message-purge"\} [1-9]/);
  });

  it('that fails is counted and logged, and tried again', async () => {
    const dataSource = first.app.get(DataSource);
    await dataSource.query('ALTER TABLE deleted_conversation RENAME TO hidden');
    await until('a failure is counted', async () =>
      /job_failures_total\{name="message-purge"\} [1-9]/.test(await metrics(first)),
    );
    await dataSource.query('ALTER TABLE hidden RENAME TO deleted_conversation');
    // Nest's logger is that of the app made last.
    await until('it is logged', () =>
      apps.some(({ logs }) => logs.some(({ job, level }) => job === 'message-purge' && level === 'warn')),
    );
    await until('the purge has run since', async () => {
      const [, failures] =
        /job_failures_total\{name="message-purge"\} (\d+)/.exec(await metrics(first)) ?? [];
      const [, runs] =
        /job_duration_seconds_count\{name="message-purge"\} (\d+)/.exec(await metrics(first)) ?? [];
      return Number(runs) > Number(failures) + 1;
    });
  });
});

if (api) {
  describe('a process with the role api only', () => {
    it('leaves jobs to workers', async () => {
      const ada = api.as({ tenant: 'acme' });
      const { body } = await ada.post('/conversations');
      await ada.delete(`/conversations/${body.id}`);
      const left: unknown[] = await api.app
        .get(DataSource)
        .query('SELECT id FROM deleted_conversation WHERE tenant_id = ?', ['acme']);

      api.app.get(JobRunner).wake('message-purge');

      expect(await metrics(api)).not.toMatch(/job_last_success_timestamp_seconds\{/);
      expect(left).toHaveLength(1);
    });

    it('leaves events to be published by a worker', async () => {
      const ada = api.as({ tenant: 'globex' });
      const { body } = await ada.post('/conversations');
      const { body: end } = await ada.get('/events', { query: { wait: 1 } });
      expect(end).toMatchObject({ data: [], next_after: expect.stringMatching(/-0$/) });
      expect(await metrics(api)).not.toMatch(/events_published_total [1-9]/);

      const settings = { DATABASE_URL: api.databaseUrl, PORT: '0', ROLES: 'worker' };
      const worker = startCommand('main.ts', [], settings);
      try {
        const query = { after: end.next_after, wait: 20 };
        const { body: page } = await ada.get('/events', { query });
        expect(page.data).toMatchObject([{ type: 'conversation.created', conversation_id: body.id }]);
      } finally {
        worker.kill('SIGTERM');
        await once(worker, 'exit');
      }
    });
  });
}
