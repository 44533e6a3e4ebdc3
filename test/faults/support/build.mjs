import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** The replicas run what is built: once, before the first of them starts. */
export default function build() {
  execFileSync(process.execPath, [join(ROOT, 'tools/build-if-stale.mjs')], { stdio: 'inherit' });
}
