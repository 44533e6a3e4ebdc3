import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isCi, MYSQL_MISSING } from './test/support/machine.ts';
import { hasServer } from './test/support/server.mjs';

const {
  module: _module,
  $schema: _schema,
  ...swc
} = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

/** Of jest.faults.config.mjs too. */
export const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  // Packages of this repository are tried as they are written, not as they were last built.
  testEnvironmentOptions: { customExportConditions: ['@colloquy/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false, sourceMaps: 'inline' }] },
};

const unit = {
  ...shared,
  displayName: 'unit',
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/packages/cli/src/**/*.spec.ts'],
};

/** The same stories on every engine; a story asks `testEngine` which one it is told on. */
const e2e = (engine, more = {}) => ({
  ...shared,
  displayName: engine,
  testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
  globals: { testEngine: engine },
  ...more,
});

/** Its stories are about the package; on which engine the service runs is all the same to it. */
const ofPackage = (name) =>
  e2e('sqlite', { displayName: name, testMatch: [`<rootDir>/packages/${name}/test/**/*.spec.ts`] });

/** Set per project, these run only when one of its tests does: no server for a unit run. */
const privateServer = (kind) => ({
  globalSetup: `<rootDir>/test/support/global-setup-${kind}.mjs`,
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
});

/** The browser and Redis see no database; once is enough for what they cost. */
const withoutBrowserAndRedis = {
  testPathIgnorePatterns: ['/node_modules/', '/(swagger|rate-limit-redis|command-lines)\\.spec\\.ts$'],
};

const onServer = (kind) => e2e(kind, { ...privateServer(kind), ...withoutBrowserAndRedis });

/**
 * MySQL differs little from MariaDB, so its stories are told where that is asked for, and under CI those where engines
 * differ most: statements, locks, types and plans.
 */
const isChosen = process.argv.some((argument) => /^(--selectProjects=)?mysql$/.test(argument));
const isPartOfCi = isCi && !process.argv.some((argument) => argument.startsWith('--selectProjects'));
const WHERE_ENGINES_DIFFER =
  '(concurrency|counters|database-failures|deletion|idempotency|list-conversations|messages|migrations|query-plans|schema|transactions|vitess)';
if ((isChosen || isPartOfCi) && !hasServer('mysql')) {
  process.stderr.write(`The tests on MySQL cannot run: ${MYSQL_MISSING}\n`);
  process.exit(1);
}
const onMysql = {
  ...onServer('mysql'),
  ...(isPartOfCi && { testMatch: [`<rootDir>/test/e2e/${WHERE_ENGINES_DIFFER}.spec.ts`] }),
};

export default {
  projects: [
    unit,
    ofPackage('client'),
    ofPackage('cli'),
    e2e('sqlite'),
    ...(hasServer('mariadb') ? [onServer('mariadb')] : []),
    ...(isChosen || isPartOfCi ? [onMysql] : []),
  ],
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testTimeout: 30_000, // in a project it would be ignored
  maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
  // Every file imports Nest, TypeORM and Swagger anew, and their memory is not given back.
  workerIdleMemoryLimit: '800MB',
};
