import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const ROLLDOWN = join(ROOT, 'node_modules/rolldown/bin/cli.mjs');

/**
 * Builds the `dist/` of a folder by the rolldown.config.mjs in it, unless it is the build of exactly these inputs.
 * `--force` builds anyway. Nothing goes to stdout: that belongs to the command that follows.
 */
export function buildIfStale(folder, inputs) {
  const cwd = join(ROOT, folder);
  const stamp = join(cwd, 'dist/.built-from');
  const sources = fingerprint(inputs);
  const built = existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
  if (built === sources && !process.argv.includes('--force')) return;
  if (!existsSync(ROLLDOWN)) {
    console.error('The build tools are not installed. Run `npm ci` first.');
    process.exit(1);
  }
  try {
    mkdirSync(join(cwd, 'dist'), { recursive: true });
    // Until it is whole, it is the build of nothing.
    writeFileSync(stamp, '');
  } catch (error) {
    console.error(`The build cannot write ${join(cwd, 'dist')} (${error.code}): may this user write there?`);
    process.exit(1);
  }
  try {
    execFileSync(process.execPath, [ROLLDOWN, '--config'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    process.exit(1); // rolldown has said why
  }
  writeFileSync(stamp, sources);
}

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of globSync(inputs, { cwd: ROOT }).sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  return hash.digest('hex');
}
