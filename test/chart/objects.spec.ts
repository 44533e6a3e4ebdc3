import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { CHART, objects, run, template, the, type Values, valuesFile } from './support/chart.js';
import { environmentOf, podTemplate, podTemplates, secretFiles } from './support/pods.js';

const minimal = (values: Values = {}) => objects(valuesFile('minimal'), values);
const full = (values: Values = {}) => objects(valuesFile('full'), values);
const names = (all: ReturnType<typeof minimal>) =>
  all.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();

it('five values make what a cluster needs', () => {
  expect(names(minimal())).toEqual([
    'Deployment/rel-colloquy',
    'Ingress/rel-colloquy',
    'Job/rel-colloquy-migrations',
    'NetworkPolicy/rel-colloquy',
    'Pod/rel-colloquy-test',
    'PodDisruptionBudget/rel-colloquy',
    'Service/rel-colloquy',
    'ServiceAccount/rel-colloquy',
  ]);
});

it('everything turned on makes the rest too', () => {
  expect(names(full())).toEqual([
    'ConfigMap/rel-extra',
    'ConfigMap/talk-dashboard',
    'Deployment/talk',
    'Deployment/talk-worker',
    'HTTPRoute/talk',
    'HorizontalPodAutoscaler/talk',
    'Ingress/talk',
    'Job/talk-migrations',
    'NetworkPolicy/talk',
    'Pod/talk-test',
    'PodDisruptionBudget/talk',
    'PodDisruptionBudget/talk-worker',
    'PrometheusRule/talk',
    'Service/talk',
    'Service/talk-operations',
    'Service/talk-worker',
    'ServiceAccount/talk',
    'ServiceMonitor/talk',
  ]);
});

it('no template is left in what it makes, and names fit into a label', () => {
  const longName = 'r'.repeat(53);
  const all = run('helm', [
    'template',
    longName,
    CHART,
    '--values',
    valuesFile('full'),
    '--set',
    'fullnameOverride=',
  ]);

  expect(all).toContain(`${'r'.repeat(50)}-migrations`);
  for (const [, name = ''] of all.matchAll(/^ {2}name: (\S+)$/gm))
    expect(name.length).toBeLessThanOrEqual(63);
  expect(template(valuesFile('full'))).not.toContain('.Release.');
});

describe('pods', () => {
  it('mount no token, get no variables of Services, and run as a numbered user', () => {
    for (const { spec } of podTemplates([
      ...minimal(),
      ...full(),
      ...objects(valuesFile('init-container')),
    ])) {
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
      });
      for (const { securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true });
      }
    }
  });

  it('are asked for life without the database, and for readiness with it, on the port that clients do not reach', () => {
    const { ports, startupProbe, livenessProbe, readinessProbe } =
      podTemplate(the('Deployment', minimal())).spec.containers[0] ?? {};

    expect(ports).toEqual([
      { name: 'http', containerPort: 3000 },
      { name: 'operations', containerPort: 9090 },
    ]);
    expect(startupProbe?.httpGet).toEqual({ path: '/healthz', port: 'operations' });
    expect(livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'operations' });
    expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'operations' });
    // Starting may wait 60 s for the migrations of another replica; /readyz answers within 2 s.
    expect(Number(startupProbe?.periodSeconds) * Number(startupProbe?.failureThreshold)).toBeGreaterThan(60);
    expect(readinessProbe?.timeoutSeconds).toBeGreaterThan(2);
  });

  it.each([
    [45_000, 50],
    [30_500, 36],
  ])('with a shutdown of %i ms are killed after %i s', (timeoutMs, seconds) => {
    const { spec } = podTemplate(the('Deployment', minimal({ 'shutdown.timeoutMs': timeoutMs })));

    expect(spec.terminationGracePeriodSeconds).toBe(seconds);
  });

  it('notice that they are not ready before requests are refused', () => {
    const { spec } = podTemplate(the('Deployment', minimal()));
    const [service] = spec.containers;
    if (!service) throw new Error('No container.');
    const { periodSeconds = 0, failureThreshold = 0 } = service.readinessProbe ?? {};

    // A pod that is ended leaves the endpoints at once; the delay covers the proxies, and whoever asks /readyz.
    expect(Number(environmentOf(service).SHUTDOWN_DELAY_MS)).toBeGreaterThanOrEqual(
      1000 * periodSeconds * failureThreshold,
    );
  });

  it('are spread by zone and node, those of each rollout for themselves', () => {
    const constraints = podTemplate(the('Deployment', minimal())).spec.topologySpreadConstraints;

    expect(constraints?.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    for (const constraint of constraints ?? []) {
      expect(constraint).toMatchObject({
        whenUnsatisfiable: 'ScheduleAnyway',
        matchLabelKeys: ['pod-template-hash'],
      });
    }
  });

  it('take secrets from files only, which existing Secrets hold', () => {
    const [file = new Map<string, unknown>()] = full()
      .filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'talk')
      .map((deployment) => secretFiles(podTemplate(deployment)));

    expect(Object.fromEntries(file)).toEqual({
      'database-user': { secret: 'colloquy-database', key: 'username' },
      'database-password': { secret: 'colloquy-database', key: 'password' },
      'database-tls-ca': { secret: 'colloquy-database-tls', key: 'ca.crt' },
      'database-tls-cert': { secret: 'colloquy-database-tls', key: 'tls.crt' },
      'database-tls-key': { secret: 'colloquy-database-tls', key: 'tls.key' },
      'redis-url': { secret: 'colloquy-redis', key: 'url' },
      'webhook-key': { secret: 'colloquy-webhooks', key: 'key' },
    });
    expect(names(full()).filter((name) => name.startsWith('Secret/'))).toEqual([]);
  });

  it('mount each file that a variable names, wherever they run', () => {
    for (const example of ['minimal', 'full', 'init-container', 'at-start']) {
      for (const pod of podTemplates(objects(valuesFile(example)))) {
        const mounted = [...secretFiles(pod).keys()].map((path) => `/run/secrets/colloquy/${path}`).sort();
        for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
          const named = Object.values(environmentOf(container)).filter((value) =>
            value.startsWith('/run/secrets/'),
          );
          expect(named.sort()).toEqual(mounted);
        }
      }
    }
  });

  it('restart when an operator says that a Secret changed', () => {
    const annotations = (secretRevision: string) =>
      podTemplate(the('Deployment', minimal({ secretRevision }))).metadata.annotations;

    expect(annotations('1')).not.toEqual(annotations('2'));
  });
});

describe('migrations', () => {
  it('by a Job before anything else of the release, with the configuration of the service', () => {
    const all = minimal();
    const job = the('Job', all);
    const [migrations] = podTemplate(job).spec.containers;
    const [service] = podTemplate(the('Deployment', all)).spec.containers;

    expect(job.metadata.annotations).toEqual({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-weight': '-5',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    });
    expect(podTemplate(job).spec.serviceAccountName).toBe('default');
    expect(migrations?.command).toEqual(['node', 'dist/cli/migrations.js', 'run']);
    expect(migrations?.env).toEqual(service?.env);
  });

  it.each([
    ['hook', 'check', 1, 0],
    ['initContainer', 'check', 0, 1],
    ['atStart', 'run', 0, 0],
    ['none', 'check', 0, 0],
  ])('by %s: the service is told to %s', (mode, told, jobs, initContainers) => {
    const all = minimal({ 'migrations.mode': mode });
    const { spec } = podTemplate(the('Deployment', all));

    expect(spec.containers.map(environmentOf)).toMatchObject([{ DATABASE_MIGRATIONS: told }]);
    expect(spec.initContainers ?? []).toHaveLength(initContainers);
    expect(all.filter(({ kind }) => kind === 'Job')).toHaveLength(jobs);
  });
});

describe('roles', () => {
  const rolesOf = (all: ReturnType<typeof minimal>) =>
    all
      .filter(({ kind }) => kind === 'Deployment')
      .flatMap((deployment) => podTemplate(deployment).spec.containers)
      .map((container) => environmentOf(container).ROLES);

  it('one Deployment does everything, or the workers are a second one without the port of the API', () => {
    expect(rolesOf(minimal())).toEqual(['api,worker']);
    expect(rolesOf(full())).toEqual(['api', 'worker']);
    expect(podTemplate(the('Deployment', full(), 'talk-worker')).spec.containers[0]?.ports).toEqual([
      { name: 'operations', containerPort: 9090 },
    ]);
  });

  it('no Service of clients leads to a worker, to the Job or to the test', () => {
    const all = full();
    const selectedBy = (service: unknown) => {
      const { selector } = z.looseObject({ selector: z.record(z.string(), z.string()) }).parse(service);
      return podTemplates(all).filter(({ metadata }) =>
        Object.entries(selector).every(([label, value]) => metadata.labels[label] === value),
      ).length;
    };

    const services = all.filter(({ kind }) => kind === 'Service').map(({ spec }) => spec);
    expect(services.map(selectedBy)).toEqual([1, 1, 1]);
  });
});

it('a disruption budget stands only where there is more than one replica, and never keeps an unready pod', () => {
  const budgets = (values: Values) => minimal(values).filter(({ kind }) => kind === 'PodDisruptionBudget');

  expect(budgets({ replicas: 1 })).toEqual([]);
  expect(budgets({ autoscaling: { enabled: true, minReplicas: 1 } })).toEqual([]);
  expect(budgets({ replicas: 3 })).toMatchObject([
    { spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' } },
  ]);
});

it('an autoscaler is the only one to say how many replicas there are', () => {
  const all = full();

  expect(the('Deployment', all, 'talk').spec).not.toHaveProperty('replicas');
  expect(the('HorizontalPodAutoscaler', all)).toMatchObject({
    spec: { minReplicas: 3, maxReplicas: 12, behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } },
  });
});

describe('the network policy', () => {
  const egress = (values: Values) => JSON.stringify(the('NetworkPolicy', minimal(values)).spec);

  it('lets out to the ports that the values name', () => {
    expect(egress({})).toContain('3306');
    expect(egress({ 'database.hosts': ['a.example:3310', '[::1]:3311', 'b.example'] })).toMatch(
      /3310.*3311.*3306/,
    );
    expect(egress({})).not.toContain('443');
    expect(egress({ 'auth.jwt.jwksUrl': 'https://issuer.example/keys' })).toContain('443');
    expect(egress({ 'traces.endpoint': 'https://collector.example' })).toContain('443');
    expect(egress({ 'traces.endpoint': 'http://collector:4318' })).toContain('4318');
    expect(egress({})).not.toContain('6379');
    expect(egress({ 'redis.existingSecret.name': 'r' })).toContain('6379');
  });

  it('lets out to receivers of webhooks, or to their proxy, where there can be webhooks', () => {
    const webhooks = { 'webhooks.existingSecret.name': 'hooks' };
    const allow = ['hooks.internal', '10.1.0.0/16', '10.2.0.7', 'fd00:1::5'];
    expect(egress({})).not.toContain('0.0.0.0/0');
    expect(egress(webhooks)).toContain('{"to":[{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8"');
    expect(egress({ ...webhooks, 'webhooks.allow': allow, 'networkPolicy.webhookPorts': [443] })).toMatch(
      /"10\.1\.0\.0\/16".*"10\.2\.0\.7\/32".*"fd00:1::5\/128".*"port":443/,
    );
    const proxied = egress({ ...webhooks, 'webhooks.proxyUrl': 'http://egress.example:3128' });
    expect(proxied).toContain('3128');
    expect(proxied).not.toContain('0.0.0.0/0');
  });
});

describe('alerts', () => {
  it('know the release by its own names', () => {
    const rule = JSON.stringify(the('PrometheusRule', full()));

    expect(rule).toContain('up{namespace=\\"talk\\",job=\\"rel\\"} == 0');
    expect(rule).toContain('deployment=\\"talk\\"');
    expect(rule).toContain('job_name=\\"talk-migrations\\"');
    expect(rule).toContain('https://runbooks.example/operations#colloquydown');
    expect(rule).not.toContain('ColloquySlow');
    expect(rule).not.toContain('"colloquy\\"}');
  });

  it('are tested by promtool', () => {
    run('promtool', ['check', 'rules', join(CHART, 'files/alerts.yaml')]);
    expect(run('promtool', ['test', 'rules', join(import.meta.dirname, 'alerts.test.yaml')])).toContain(
      'SUCCESS',
    );
  });

  it('and their tests see each of them fire', () => {
    const alerts = readFileSync(join(CHART, 'files/alerts.yaml'), 'utf8').matchAll(/- alert: (\w+)/g);
    const tests = readFileSync(join(import.meta.dirname, 'alerts.test.yaml'), 'utf8');

    for (const [, alert] of alerts)
      expect(tests).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n\\s+- exp_labels`));
  });
});
