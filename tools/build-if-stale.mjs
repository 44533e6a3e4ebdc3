// Builds dist/ unless it is the build of exactly these sources. `--force` builds anyway.
// Nothing goes to stdout: that belongs to the command that follows.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const STAMP = 'dist/.built-from';
const NEST = 'node_modules/@nestjs/cli/bin/nest.js';
const INPUTS = ['src/**/*.ts', 'tsconfig*.json', 'nest-cli.json', 'package-lock.json'];

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of globSync(INPUTS).sort())
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

const sources = fingerprint();
const built = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;

if (built !== sources || process.argv.includes('--force')) {
  if (!existsSync(NEST)) {
    console.error('The build tools are not installed. Run `npm ci` first.');
    process.exit(1);
  }
  try {
    execFileSync(process.execPath, [NEST, 'build'], { stdio: ['ignore', process.stderr, process.stderr] });
  } catch {
    process.exit(1); // nest has said why
  }
  writeFileSync(STAMP, sources);
}
