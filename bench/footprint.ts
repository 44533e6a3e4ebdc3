import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.js';
import { ROOT } from './machine.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import { type Variant, VARIANTS } from './servers.js';
import { type Spread, spreadOf } from './statistics.js';

export interface StartResult {
  readyMs: Spread;
  cpuMs: Spread;
  idleResidentBytes: Spread;
}

export interface InstalledSize {
  directDependencies: number;
  dependencies: number;
  bundleBytes: number;
  besideBytes: number;
}

const STARTS = 5;

/** Starts each server several times on an existing schema, in turns. */
export async function measureStarts(
  environment: Environment,
  { random, progress }: { random: Random; progress: Progress },
): Promise<Partial<Record<Variant, StartResult>>> {
  const starts = new Map<Variant, { readyMs: number; cpuMs: number; residentBytes: number }[]>();
  for (let round = 0; round < STARTS; round++)
    for (const variant of random.shuffled(VARIANTS)) {
      progress.show(`starting ${variant}`, round / STARTS);
      const server = await environment.start(variant);
      const { cpuMs, residentBytes } = await server.ask();
      await server.stop();
      starts.set(variant, [
        ...(starts.get(variant) ?? []),
        { readyMs: server.startMs, cpuMs, residentBytes },
      ]);
    }
  return Object.fromEntries(
    [...starts].map(([variant, all]): [Variant, StartResult] => [
      variant,
      {
        readyMs: spreadOf(all.map(({ readyMs }) => readyMs)),
        cpuMs: spreadOf(all.map(({ cpuMs }) => cpuMs)),
        idleResidentBytes: spreadOf(all.map(({ residentBytes }) => residentBytes)),
      },
    ]),
  );
}

interface Lockfile {
  packages: Record<string, Partial<Record<'dev' | 'optional' | 'devOptional' | 'peer', boolean>>>;
}

interface Manifest {
  dependencies: Record<string, string>;
}

/** What the image has apart from Node.js, as docker/Dockerfile copies it: the bundle, and the packages beside it. */
export function installedSize(): InstalledSize {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const installed = Object.entries(packages).filter(
    ([path, { dev, optional, devOptional, peer }]) =>
      path !== '' && !dev && !optional && !devOptional && !peer,
  );
  return {
    directDependencies: Object.keys(dependencies).length,
    dependencies: installed.length,
    bundleBytes: bytesIn(join(ROOT, 'dist')),
    besideBytes: ['better-sqlite3', 'swagger-ui-dist'].reduce(
      (sum, name) => sum + bytesIn(join(ROOT, 'node_modules', name), REMOVED),
      0,
    ),
  };
}

/** What docker/Dockerfile removes of them. */
const REMOVED = /^deps$|^src$|^(darwin|linuxmusl|win32)-|\.map$/;

function bytesIn(directory: string, without?: RegExp): number {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !without?.test(name))
    .reduce((sum, entry) => {
      const path = join(directory, entry.name);
      return sum + (entry.isDirectory() ? bytesIn(path, without) : statSync(path).size);
    }, 0);
}
