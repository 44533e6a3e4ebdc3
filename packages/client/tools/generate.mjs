// Writes the types that openapi.json describes into src/openapi.gen.ts; with `--check` it only compares.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';

const INPUT = join(import.meta.dirname, '../../../openapi.json');
const OUTPUT = join(import.meta.dirname, '../src/openapi.gen.ts');

async function generate() {
  const folder = mkdtempSync(join(tmpdir(), 'colloquy-client-'));
  try {
    await createClient({
      input: INPUT,
      output: folder,
      plugins: ['@hey-api/typescript'],
      logs: { level: 'silent' },
    });
    return readFileSync(join(folder, 'types.gen.ts'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const types = await generate();
if (!process.argv.includes('--check')) {
  writeFileSync(OUTPUT, types);
} else if (readFileSync(OUTPUT, 'utf8') !== types) {
  console.error('packages/client/src/openapi.gen.ts is not up to date: run `npm run openapi` and commit it.');
  process.exitCode = 1;
}
