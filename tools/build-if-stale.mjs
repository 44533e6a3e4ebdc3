// The service. It runs in the repository's own folder, wherever it is started from.
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';

process.chdir(join(import.meta.dirname, '..'));
buildIfStale('.', ['src/**/*.ts', 'tsconfig.json', 'rolldown.config.mjs', 'package-lock.json']);
