// Sends requests with autocannon, in a process of its own, one job after another.
import autocannon from 'autocannon';
import type { LoadJob, LoadResult } from './load-generator.js';

const SAMPLE_MS = 100;

async function run({ url, connections, seconds, amount, requests }: LoadJob): Promise<LoadResult> {
  const durationsMs: number[] = [];
  const failures: Record<string, number> = {};
  let client = 0;
  const perClient = Math.ceil(requests.length / connections);
  const started = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const { errors, duration } = await autocannon({
    url,
    connections,
    ...(amount !== undefined ? { amount } : { duration: seconds ?? 1 }),
    sampleInt: SAMPLE_MS,
    setupClient: (one) => {
      const from = (client++ * perClient) % requests.length;
      one.setRequests(requests.slice(from, from + perClient).map((request) => ({ ...request })));
      one.on('response', (status, _bytes, durationMs) => {
        if (status >= 200 && status < 300) durationsMs.push(durationMs);
        else failures[status] = (failures[status] ?? 0) + 1;
      });
    },
  });
  const elapsedMs = Number(process.hrtime.bigint() - started) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  if (errors > 0) failures.connection = errors;
  durationsMs.sort((a, b) => a - b);
  const quantile = (q: number) =>
    durationsMs[Math.min(durationsMs.length - 1, Math.floor(durationsMs.length * q))];
  return {
    answered: durationsMs.length,
    failures,
    seconds: Math.max(duration, elapsedMs / 1000),
    p50Ms: quantile(0.5) ?? NaN,
    p99Ms: quantile(0.99) ?? NaN,
    cpuMs: (user + system) / 1000,
  };
}

process.on('message', (job: LoadJob) => {
  void run(job).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
