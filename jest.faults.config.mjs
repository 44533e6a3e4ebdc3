import { readFileSync } from 'node:fs';

const {
  module: _module,
  $schema: _schema,
  ...swc
} = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

/** What is killed, frozen, cut and flooded: slow, with processes of its own, and therefore not part of `npm test`. */
export default {
  rootDir: import.meta.dirname,
  displayName: 'faults',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false, sourceMaps: 'inline' }] },
  globalSetup: '<rootDir>/test/faults/support/build.mjs',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testTimeout: 120_000,
  // Jest runs no afterAll in a file of which -t deselects every test; what that file has started ends when Jest does.
  forceExit: true,
  maxWorkers: 1, // one at a time: each needs the whole machine
};
