import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** Put in by the build; where the sources run as they are, there is none. */
declare const COLLOQUY_COMMIT: string | undefined;

const manifest = z.object({ name: z.literal('colloquy'), version: z.string() });

/** The release, by the package.json above this file, wherever the build has put it. */
function releaseAbove(directory: string): string {
  const file = join(directory, 'package.json');
  const found = existsSync(file) && manifest.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  if (found) return found.version;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('There is no package.json of Colloquy above its code.');
  return releaseAbove(parent);
}

/** Which Colloquy this is: the one version number of all its parts, and the commit where the build knew it. */
export const VERSION = {
  name: 'colloquy',
  version: releaseAbove(import.meta.dirname),
  commit: typeof COLLOQUY_COMMIT === 'undefined' ? null : COLLOQUY_COMMIT,
};
