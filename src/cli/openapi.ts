import { readFile, writeFile } from 'node:fs/promises';
import { createApp } from '../app.setup.js';
import { loadConfig } from '../config/load-config.js';
import { openApiDocument } from '../openapi.js';
import { createLogger, standardOutput } from '../monitoring/logger.js';
import { optionsIn, runCommandLine } from './command-line.js';

const FILE = 'openapi.json';

const USAGE = `Usage: npm run openapi [-- --check]
  writes ${FILE} and the types of the client; with --check it only
  compares, and fails when they are not up to date
`;

async function run(args: readonly string[]): Promise<number> {
  const values = optionsIn(args, { check: { type: 'boolean', default: false } });
  const config = loadConfig({ environment: { DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'silent' } });
  const logger = createLogger(config.log, await standardOutput(config.log));
  const app = await createApp(config, logger);
  const document = `${JSON.stringify(openApiDocument(app, config.http.publicUrl), null, 2)}\n`;
  await app.close();
  if (!values.check) {
    await writeFile(FILE, document);
  } else if ((await readFile(FILE, 'utf8').catch(() => '')) !== document) {
    process.stderr.write(`${FILE} is not up to date: run \`npm run openapi\` and commit it.\n`);
    return 1;
  }
  return 0;
}

await runCommandLine(USAGE, run);
