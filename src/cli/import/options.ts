import { parseArgs } from 'node:util';
import { isOpaqueId } from '../../common/opaque-id.js';
import { CannotImport } from './import-errors.js';
import type { ImportOptions } from './importer.js';
import { limits } from './limits.js';

export const usage = `Imports conversations from a file of chat JSONL, one conversation a line.

  npm run import -- <file.jsonl|file.jsonl.gz> [options]

  --url <url>          the service (default http://127.0.0.1:3000)
  --tenant <id>        the tenant to import into (default: that of the credential)
  --unit <id>          the tenant unit to import into
  --agent <uuid>       the agent that the conversations were with
  --concurrency <n>    conversations at the same time, 1 to ${limits.concurrency} (default 4)
  --help

A JWT or an API key is taken from the environment variable COLLOQUY_TOKEN.
Exit codes: 0 all imported, 1 some lines failed, 2 could not run or not to the end, 130 interrupted.
`;

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
const isVisibleAscii = (text: string) => /^[\x21-\x7e]+$/.test(text);

/** What the command line asks for; null when it asks for help. */
export function parseOptions(args: string[], token: string | undefined): ImportOptions | null {
  const { values, positionals } = parseArguments(args);
  if (values.help) return null;
  const [file, ...surplus] = positionals;
  if (file === undefined || surplus.length > 0) throw new CannotImport('give exactly one file (see --help)');
  return {
    file,
    url: parseUrl(values.url),
    tenantId: checked(values.tenant, isOpaqueId, '--tenant is not a tenant id'),
    unitId: checked(values.unit, isOpaqueId, '--unit is not a tenant unit id'),
    agentId: checked(values.agent, isUuid, '--agent is not a UUID'),
    token: checked(
      token?.trim() || undefined,
      isVisibleAscii,
      'COLLOQUY_TOKEN is neither a JWT nor an API key',
    ),
    concurrency: parseConcurrency(values.concurrency),
  };
}

function parseArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:3000' },
        tenant: { type: 'string' },
        unit: { type: 'string' },
        agent: { type: 'string' },
        concurrency: { type: 'string', default: '4' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new CannotImport(error instanceof Error ? error.message : String(error));
  }
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) throw new CannotImport('--url is not an http(s) URL');
  if (url.username || url.password) throw new CannotImport('--url carries a credential: use COLLOQUY_TOKEN');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function checked(
  text: string | undefined,
  isValid: (text: string) => boolean,
  complaint: string,
): string | undefined {
  if (text !== undefined && !isValid(text)) throw new CannotImport(complaint);
  return text;
}

function parseConcurrency(text: string): number {
  const concurrency = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (concurrency < 1 || concurrency > limits.concurrency) {
    throw new CannotImport(`--concurrency is not a number from 1 to ${limits.concurrency}`);
  }
  return concurrency;
}
