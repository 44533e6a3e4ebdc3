import { shared } from './jest.config.mjs';

/** Programs that others would write, with libraries of their own that only CI installs; not part of `npm test`. */
export default {
  ...shared,
  displayName: 'consumers',
  globals: { testEngine: 'sqlite' },
  testMatch: ['<rootDir>/test/consumers/*.spec.ts'],
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
