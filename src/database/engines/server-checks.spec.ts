import { expect, it } from '@jest/globals';
import { isOlder } from './server-checks.js';

const OLDEST = [8, 0, 17];

it.each(['8.0.16', '5.7.44-log', '8.0.15-commercial'])('%s is too old', (version) => {
  expect(isOlder(version, OLDEST)).toBe(true);
});

it.each(['8.0.17', '8.4.3', '9.7.4', '10.0.1', '8.0.11-TiDB-v8.5.0', '8.0.3-Vitess', 'unheard of'])(
  '%s is not',
  (version) => {
    expect(isOlder(version, OLDEST)).toBe(false);
  },
);
