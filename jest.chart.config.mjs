import { shared } from './jest.config.mjs';

/** The Helm chart, by tools that test/chart/install-tools.sh brings: not part of `npm test`. */
export default {
  ...shared,
  displayName: 'chart',
  testMatch: ['<rootDir>/test/chart/**/*.spec.ts'],
  globalSetup: '<rootDir>/test/faults/support/build.mjs',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testTimeout: 120_000,
  maxWorkers: 2,
};
