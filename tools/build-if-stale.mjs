// The service. It runs in the repository's own folder, wherever it is started from.
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { takeNoArguments } from './no-arguments.mjs';

if (process.argv[1] === import.meta.filename)
  takeNoArguments('Usage: npm run build\n  builds the service into dist/', process.argv.slice(3));
process.chdir(join(import.meta.dirname, '..'));
buildIfStale('.', ['src/**/*.ts', 'tsconfig.json', 'rolldown.config.mjs', 'package-lock.json']);
