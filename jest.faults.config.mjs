import { shared } from './jest.config.mjs';

/** What is killed, frozen, cut and flooded: slow, with processes of its own, and therefore not part of `npm test`. */
export default {
  ...shared,
  displayName: 'faults',
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  globalSetup: '<rootDir>/test/faults/support/build.mjs',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  testTimeout: 120_000,
  // Jest runs no afterAll in a file of which -t deselects every test; what that file has started ends when Jest does.
  forceExit: true,
  maxWorkers: 2, // most of their time they wait: for what was killed to be back, for time-outs, for locks
};
