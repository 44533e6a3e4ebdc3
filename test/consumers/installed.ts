import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { isCi } from '../support/machine.js';

export const folderOf = (consumer: string): string => join(import.meta.dirname, consumer);

/** A `describe` for what needs the libraries of test/consumers/<consumer>, which CI has installed. */
export function describeInstalled(consumer: string, name: string, stories: () => void): void {
  if (isCi || existsSync(join(folderOf(consumer), 'node_modules'))) return describe(name, stories);
  process.stderr.write(`\n*** NOT RUN: ${name}. Try \`npm ci\` in test/consumers/${consumer} first. ***\n\n`);
  describe.skip(name, stories);
}
