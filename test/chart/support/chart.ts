import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../../..');
const TOOLS = join(ROOT, 'build/chart-tools');
export const CHART = join(ROOT, 'deploy/helm/colloquy');
export const VALUES_FILES = readdirSync(join(CHART, 'ci')).map((file) => join(CHART, 'ci', file));

export const PATH = [
  join(TOOLS, 'bin'),
  join(TOOLS, 'python/bin'),
  process.env.PATH,
  '/usr/local/sbin',
  '/usr/sbin',
].join(delimiter);

/** Runs one of the tools to its end and answers what it printed. Throws, with that, when it fails. */
export function run(tool: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(tool, args, {
    input,
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
  if (error) {
    throw new Error(
      `${tool} is missing: run test/chart/install-tools.sh (promtool: apt-get install prometheus)`,
      {
        cause: error,
      },
    );
  }
  if (status !== 0) throw new Error(`${tool} failed:\n${stdout}${stderr}`);
  return stdout;
}

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type Manifest = z.infer<typeof manifest>;

/** `--set-json` of each of these. */
export type Values = Readonly<Record<string, unknown>>;

const settings = (values: Values) =>
  Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);

/** What `helm template` makes of a file of values and of single values over it. */
export const template = (file: string, values: Values = {}, more: readonly string[] = []): string =>
  run('helm', [
    'template',
    'rel',
    CHART,
    '--namespace',
    'talk',
    '--values',
    file,
    ...settings(values),
    ...more,
  ]);

/** The objects of a release. */
export const objects = (file: string, values: Values = {}): Manifest[] =>
  parseAllDocuments(template(file, values), { version: '1.1' })
    .map((document) => {
      if (document.errors[0]) throw document.errors[0];
      return document.toJS() as unknown;
    })
    .filter((object) => object !== null)
    .map((object) => manifest.parse(object));

/** A file of `ci/`. */
export const valuesFile = (name: string) => join(CHART, 'ci', `${name}-values.yaml`);

/** The only object of its kind, or the one of this name. */
export function the(kind: string, all: readonly Manifest[], name?: string): Manifest {
  const found = all.filter(
    (object) => object.kind === kind && (name ?? object.metadata.name) === object.metadata.name,
  );
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} objects are ${kind} ${name ?? ''}`);
  return found[0];
}
