import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authority } from '../faults/support/certificates.js';
import { send } from '../faults/support/client.js';
import { DatabaseServer } from '../faults/support/database-server.js';
import type { Process } from '../faults/support/processes.js';
import { freePort } from '../support/machine.js';
import { until } from '../support/until.js';
import { objects, the, valuesFile } from './support/chart.js';
import { imageFiles, Pod } from './support/pod.js';
import { podTemplate } from './support/pods.js';

const PASSWORD = 'p%ss/w:rd@';

describe('the rendered pods, as their user, with a read-only root and mounted secrets, on a MariaDB that asks for TLS', () => {
  const image = imageFiles();
  const authority = new Authority('of the database');
  const certificate = authority.sign('DNS:localhost');
  let database: DatabaseServer;
  let job: Pod;
  let service: Pod;
  let templates: ReturnType<typeof podTemplate>[];
  /** The pod's own ports may be taken on this machine. */
  let ports: { PORT: string; METRICS_PORT: string };

  beforeAll(async () => {
    const { cert, key } = certificate;
    const tls = [`--ssl-ca=${authority.ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
    database = await DatabaseServer.start([...tls, '--require-secure-transport=ON']);
    await database.query(`CREATE USER colloquy@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'`);
    await database.query(`GRANT ALL ON colloquy.* TO colloquy@'127.0.0.1'`);
    ports = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };

    const release = objects(valuesFile('minimal'), {
      'database.hosts': [`localhost:${database.port}`],
      'database.tls.existingSecret.name': 'colloquy-database-tls',
      // Pods of a test should not be waited for.
      shutdown: { delayMs: 500, timeoutMs: 5000 },
    });
    const secrets = {
      'colloquy-database': { username: 'colloquy', password: `${PASSWORD}\n` },
      'colloquy-database-tls': { 'ca.crt': readFileSync(authority.ca, 'utf8') },
    };
    templates = ['Job', 'Deployment'].map((kind) => podTemplate(the(kind, release)));
    const [jobTemplate, serviceTemplate] = templates;
    if (!jobTemplate || !serviceTemplate) throw new Error('Not rendered.');
    job = new Pod(jobTemplate, image, secrets);
    service = new Pod(serviceTemplate, image, secrets);
  });
  afterAll(() => database.stop());

  const runJob = () =>
    job.run(templates[0]?.spec.containers[0], templates[0]?.spec.containers[0]?.command ?? []);
  const exec = (...command: string[]) => service.run(templates[1]?.spec.containers[0], command, ports);
  const start = () => exec('node', 'dist/main.js');

  async function printed(process: Process): Promise<string> {
    expect([await process.exit, process.output]).toEqual([0, expect.anything()]);
    return process.output;
  }

  it('cannot write, are nobody, and have no rights', async () => {
    const script = `touch dist/x; touch /tmp/x; touch /run/x; id -u; grep -E 'CapBnd|CapEff|NoNewPrivs' /proc/self/status`;
    const process = exec('sh', '-c', script);
    await process.exit;

    expect(process.output.match(/Read-only file system/g)).toHaveLength(3);
    expect(process.output).toMatch(/^1000$/m);
    expect(process.output).toMatch(/CapEff:\s+0+\nCapBnd:\s+0+\nNoNewPrivs:\s+1/);
  });

  it('the service refuses to start before the Job', async () => {
    const process = start();

    expect(await process.exit).not.toBe(0);
    expect(process.output).toContain('Migrations are missing');
  });

  it('the Job migrates, and has nothing to do when the release is upgraded', async () => {
    await printed(runJob());
    expect(await printed(runJob())).toContain('Nothing to do');
  });

  it('then the service starts, answers, and ends as it is told', async () => {
    const process = start();
    const [api, operations] = [`http://127.0.0.1:${ports.PORT}`, `http://127.0.0.1:${ports.METRICS_PORT}`];
    const statusOf = (url: string) =>
      fetch(url).then(
        ({ status }) => status,
        () => 0,
      );
    await until('it is ready', async () => {
      if (process.hasEnded) throw new Error(process.output);
      return (await statusOf(`${operations}/readyz`)) === 200;
    });
    const created = await printed(
      exec('node', 'dist/cli/keys.js', 'create', '--name', 'first', '--tenant', 'acme'),
    );
    const key = created.trim().split(/\s/).at(-1) ?? '';

    expect(await statusOf(`${api}/readyz`)).toBe(404);
    expect((await send(api, 'POST', '/conversations', { body: {} })).status).toBe(401);
    expect(
      (await send(api, 'POST', '/conversations', { body: {}, headers: { 'x-api-key': key } })).status,
    ).toBe(201);
    expect(await process.stop()).toBe(0);
    expect(process.output).not.toContain(PASSWORD);
  });
});
