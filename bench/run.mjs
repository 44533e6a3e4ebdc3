// Builds the benchmark and runs one of its entry points: `node bench/run.mjs main|budget|compare|feed|… [options]`.
// bench/dist/<entry point>/dist is a copy of the service as it ships, so that what is built meanwhile changes nothing;
// src beside it is compiled for what the benchmark itself uses of it.
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const ROOT = join(import.meta.dirname, '..');
const [entryPoint = 'main'] = process.argv.splice(2, 1);
const OUTPUT = join(ROOT, 'bench/dist', entryPoint);

process.chdir(ROOT);
await import('../tools/build-if-stale.mjs');
rmSync(OUTPUT, { recursive: true, force: true });
cpSync('dist', join(OUTPUT, 'dist'), { recursive: true });
const { $schema: _schema, ...swc } = JSON.parse(readFileSync('.swcrc', 'utf8'));
for (const source of globSync(['bench/**/*.ts', 'src/**/*.ts'])) {
  const { code } = transformFileSync(source, { ...swc, swcrc: false, sourceMaps: false });
  const target = join(OUTPUT, source.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}

await import(`./dist/${entryPoint}/bench/${entryPoint}.js`);
