// Builds dist/ unless it is the build of exactly these sources. `--force` builds anyway.
// Nothing goes to stdout: that belongs to the command that follows.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const STAMP = 'dist/.built-from';
const ROLLDOWN = 'node_modules/rolldown/bin/cli.mjs';
const INPUTS = ['src/**/*.ts', 'tsconfig.json', 'rolldown.config.mjs', 'package-lock.json'];

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of globSync(INPUTS).sort())
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

const sources = fingerprint();
const built = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;

if (built !== sources || process.argv.includes('--force')) {
  if (!existsSync(ROLLDOWN)) {
    console.error('The build tools are not installed. Run `npm ci` first.');
    process.exit(1);
  }
  try {
    execFileSync(process.execPath, [ROLLDOWN, '--config'], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    process.exit(1); // rolldown has said why
  }
  writeFileSync(STAMP, sources);
}
