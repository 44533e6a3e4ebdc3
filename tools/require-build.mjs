import { existsSync } from 'node:fs';
import { join } from 'node:path';

if (!existsSync(join(import.meta.dirname, '../dist/main.js'))) {
  console.error(
    'There is no build in dist/. Run `npm run build` first, or `npm start`, which builds when needed.',
  );
  process.exit(1);
}
