import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DatabaseServer } from '../faults/support/database-server.js';
import { newDirectory, Process } from '../faults/support/processes.js';
import { Service } from '../faults/support/service.js';
import { freePort } from '../support/machine.js';
import { until } from '../support/until.js';
import { answers, WebhookReceiver } from '../support/webhook-receiver.js';
import { CHART, PATH } from './support/chart.js';

const dashboard = z
  .object({
    panels: z.array(
      z.looseObject({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(CHART, 'files/dashboard.json'), 'utf8')));

const vector = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});
const alerts = z.object({
  data: z.object({
    alerts: z.array(z.object({ labels: z.looseObject({ alertname: z.string() }), state: z.string() })),
  }),
});

/** The chart's alerts with their minutes made seconds, so that a test can wait for them. */
const hurried = readFileSync(join(CHART, 'files/alerts.yaml'), 'utf8')
  .replaceAll(/for: \d+m/g, 'for: 1s')
  .replaceAll(/\[(\d+)m\]/g, '[$1s]');

describe('a real Prometheus, which scrapes a service under load', () => {
  let database: DatabaseServer;
  let service: Service;
  let clusterMetrics = '';
  let cluster: Server;
  let prometheus: string;
  let receiver: WebhookReceiver;
  let port: string;
  const load = new AbortController();

  beforeAll(async () => {
    database = await DatabaseServer.start();
    port = String(await freePort());
    service = await start();
    const clusterPort = await freePort();
    cluster = createServer((_request, response) => response.end(clusterMetrics)).listen(
      clusterPort,
      '127.0.0.1',
    );
    prometheus = await startPrometheus(port, clusterPort);
    receiver = await WebhookReceiver.start();
    expect((await service.send('POST', '/webhooks', { url: receiver.url })).status).toBe(201);
    for (let client = 0; client < 20; client++) void write();
  });
  afterAll(async () => {
    load.abort();
    cluster.close();
    await service.process.stop();
    await database.stop();
  });

  const start = () => Service.start(database.url, { PORT: port, DATABASE_POOL_SIZE: '3' });

  /** A client that creates conversations one after the other, and reads them. */
  async function write(): Promise<void> {
    while (!load.signal.aborted) {
      await service.send('POST', '/conversations', {}).catch(() => undefined);
      await service.send('GET', '/conversations?page_size=5').catch(() => undefined);
      await sleep(50);
    }
  }

  const ask = async (path: string): Promise<unknown> => (await fetch(`${prometheus}${path}`)).json();

  const firing = async (): Promise<string[]> =>
    alerts
      .parse(await ask('/api/v1/alerts'))
      .data.alerts.filter(({ state }) => state === 'firing')
      .map(({ labels }) => labels.alertname);

  const fires = (alert: string) => until(`${alert} fires`, async () => (await firing()).includes(alert));
  const ends = (alert: string) => until(`${alert} ends`, async () => !(await firing()).includes(alert));

  it.each(
    dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  )('gives the dashboard data for %s', async (_, expr) => {
    const query = expr
      .replaceAll('$__rate_interval', '10s')
      .replaceAll('$namespace', '.*')
      .replaceAll('$job', 'colloquy')
      .replaceAll('$instance', '.*');
    expect(query).not.toContain('$');

    await until('there is data', async () => {
      const { data } = vector.parse(await ask(`/api/v1/query?query=${encodeURIComponent(query)}`));
      // A route that was not asked for in the last seconds has no percentile, which is not a number.
      return data.result.some(({ value }) => Number.isFinite(Number(value[1])));
    });
  });

  it('is told by no alert that anything is wrong', async () => {
    await until('all is well', async () =>
      (await firing()).every((alert) => alert === 'ColloquyPoolExhausted'),
    );
  });

  it('sees events that are late', async () => {
    // In place of more events than can be published: they are a minute old when they are written.
    await database.query(
      'CREATE TRIGGER colloquy.late BEFORE INSERT ON colloquy.event_pending FOR EACH ROW SET NEW.event_time = NEW.event_time - INTERVAL 1 MINUTE',
    );
    await fires('ColloquyEventsLate');
    await database.query('DROP TRIGGER colloquy.late');
    await ends('ColloquyEventsLate');
  });

  it('sees that receivers of webhooks refuse what they are sent, and take it again', async () => {
    receiver.answer = answers.status(500);
    await fires('ColloquyWebhooksFailing');
    receiver.answer = answers.ok;
    await ends('ColloquyWebhooksFailing');
  });

  it('sees a database that answers nobody: callers wait, then one request in a hundred was slow', async () => {
    database.freeze();
    await fires('ColloquyPoolExhausted');
    database.thaw();
    await during(async () => {
      database.freeze();
      await sleep(2_000);
      database.thaw();
      await sleep(1_000);
    }, fires('ColloquySlow'));
    await ends('ColloquySlow');
  });

  it('sees a database that is gone, for its jobs too, and is back', async () => {
    await database.kill();
    await fires('ColloquyErrors');
    await fires('ColloquyJobFailing');
    await database.start();
    await ends('ColloquyErrors');
    await ends('ColloquyJobFailing');
  });

  it('sees a replica that gets no time on a processor', async () => {
    await during(async () => {
      service.process.signal('SIGSTOP');
      await sleep(400);
      service.process.signal('SIGCONT');
      await sleep(100); // enough to answer what scrapes it
    }, fires('ColloquyEventLoopLag'));
    await ends('ColloquyEventLoopLag');
  });

  it('sees a replica that is gone, and is back', async () => {
    await service.process.kill();
    await fires('ColloquyDown');
    service = await start();
    await ends('ColloquyDown');
  });

  it.each([
    [
      'ColloquyNoReplicaReady',
      'kube_deployment_status_replicas_available{deployment="colloquy"} 0\nkube_deployment_spec_replicas{deployment="colloquy"} 2\n',
    ],
    [
      'ColloquyMemory',
      'container_memory_working_set_bytes{container="colloquy",pod="a"} 9e8\nkube_pod_container_resource_limits{container="colloquy",pod="a",resource="memory"} 1e9\n',
    ],
    ['ColloquyMigrationFailed', 'kube_job_status_failed{job_name="colloquy-migrations"} 1\n'],
  ])('sees by %s what a cluster tells of it', async (alert, told) => {
    clusterMetrics = told;
    await fires(alert);
    clusterMetrics = '';
    await ends(alert);
  });

  it('sees a pod that restarts again and again', async () => {
    const restarts = setInterval(() => {
      clusterMetrics = `kube_pod_container_status_restarts_total{container="colloquy",pod="a"} ${Math.floor(Date.now() / 1000)}\n`;
    }, 500);
    await fires('ColloquyRestarts');
    clearInterval(restarts);
    await ends('ColloquyRestarts');
  });
});

/** Does something again and again until what it is to bring about is there, or has failed to come. */
async function during(disturbance: () => Promise<void>, outcome: Promise<void>): Promise<void> {
  const over = new AbortController();
  const disturbing = (async () => {
    while (!over.signal.aborted) await disturbance();
  })();
  try {
    await outcome;
  } finally {
    over.abort();
    await disturbing;
  }
}

/** Scrapes the service as job "colloquy", and what kube-state-metrics and cAdvisor would tell. */
async function startPrometheus(servicePort: string, clusterPort: number): Promise<string> {
  const directory = newDirectory(tmpdir());
  writeFileSync(join(directory, 'alerts.yaml'), hurried);
  writeFileSync(
    join(directory, 'prometheus.yaml'),
    JSON.stringify({
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [
        { job_name: 'colloquy', static_configs: [{ targets: [`127.0.0.1:${servicePort}`] }] },
        { job_name: 'cluster', static_configs: [{ targets: [`127.0.0.1:${clusterPort}`] }] },
      ],
    }),
  );
  const port = String(await freePort());
  const process = new Process({
    command: 'prometheus',
    args: [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--query.lookback-delta=3s',
    ],
    environment: { PATH },
  });
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => {
    if (process.hasEnded) throw new Error(process.output);
    return fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return url;
}
