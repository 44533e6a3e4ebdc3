import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CannotRun, reasonOf } from './errors.js';
import { FORMATS } from './formats/table.js';
import { limits } from './import/limits.js';
import { OVERSIZE, type Oversize } from './import/oversize.js';
import type { ImportOptions } from './import/importer.js';
import { meant, nearest } from './nearest.js';
import type { Target } from './service.js';

type Environment = Readonly<Record<string, string | undefined>>;

export const usage = `Chat history into Colloquy, and out again; and what happens there.

  colloquy import <file…|-> [options]
  colloquy export [--out <file>] [options]
  colloquy tail [options]

  colloquy import --help, and so on   options and examples
  colloquy --version

COLLOQUY_URL says where the service is (default http://127.0.0.1:3000),
COLLOQUY_TOKEN is a JWT or an API key.
`;

const COLUMNS = 76;

const ofService = `  --url <url>          the service (default COLLOQUY_URL, else
                       http://127.0.0.1:3000)
  --tenant <id>        the tenant to act for (default: that of the credential)
  --unit <id>          the tenant unit to act for`;

const formatNames = [...new Set(FORMATS.map(({ name }) => name))];

export const importUsage = `Brings conversations into Colloquy. What a file is, is told by its content.

  colloquy import <file…|-> [options]

  --dry-run            read everything, show the first conversation, send
                       nothing
  --format <name>      read the files as this, whatever they look like
  --branches <which>   shown (default): only the way that a conversation took at
                       last; all: the others too
  --oversize <how>     what to do with what is larger than the API takes: fail
                       (default) leaves the conversation out, split makes
                       several messages of long text, strip leaves the too
                       large thing out
  --rejects <file>     write what was left out to this file, as it was
  --agent <id>         the agent, where a file names none
  --user <id>          the user, where a file names none (default: nobody)
  --concurrency <n>    conversations at the same time, 1 to ${limits.concurrency} (default 4)
${ofService}

Containers: JSON, JSON lines, lists, objects with conversations in them, CSV
with names in its first line; plain, in gzip, zstd or zip; UTF-8 or UTF-16.
Formats:
${lined(formatNames)}

Done again, it stores what is new: an import that was interrupted goes on, and a
later export adds what was said since.
Exit codes: 0 all is stored or was there, 1 something was left out (each is
named), 2 nothing could be done, 130 interrupted.
COLLOQUY_TOKEN is a JWT or an API key with the scopes conversations:write,
conversations:read and, for history with times, conversations:import.

  colloquy import chatgpt-export.zip --dry-run
  colloquy import conversations.json --user ada --branches all
  zcat logs.jsonl.gz | colloquy import - --rejects rejects.jsonl
`;

export const exportUsage = `Writes conversations with their messages as JSON lines, oldest first, to import
them elsewhere or to keep them.

  colloquy export [--out <file>] [options]

  --out <file>         write here (gzip where it ends in .gz); done again after
                       an interruption, it goes on (default: standard output)
  --status <status>    only of this status; may be repeated
  --agent <id>, --user <id>, --assignment <id>
  --created-after <time>, --created-before <time>
  --updated-after <time>, --updated-before <time>
${ofService}

Exit codes: 0 the export is whole, 2 it is not, 130 interrupted.
COLLOQUY_TOKEN is a JWT or an API key with the scope conversations:read.

  colloquy export --out acme.jsonl.gz --tenant acme
  colloquy export --status completed --created-before 2026-01-01T00:00:00Z
`;

export const tailUsage = `Prints what happens to conversations and messages, each event a line of JSON,
until it is interrupted.

  colloquy tail [options]

  --after <place>      an event's id, earliest, or latest (default)
  --type <type>        only events of this type, such as message.created; may be
                       repeated
  --conversation <id>  only events of this conversation
${ofService}

When the connection breaks it goes on behind the last event.
Exit codes: 130 interrupted, 2 it could not go on.
COLLOQUY_TOKEN is a JWT or an API key with the scope events:read.

  colloquy tail --type message.created | jq -r .conversation_id
`;

const SERVICE = {
  url: { type: 'string' },
  tenant: { type: 'string' },
  unit: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface ImportCommand extends ImportOptions {
  target: Target;
  isDryRun: boolean;
  rejects: string | undefined;
}

/** What `colloquy import` is asked for; null when it is asked for help. Throws CannotRun. */
export function parseImport(args: string[], environment: Environment): ImportCommand | null {
  const options = {
    ...SERVICE,
    agent: { type: 'string' },
    branches: { type: 'string', default: 'shown' },
    concurrency: { type: 'string', default: '4' },
    'dry-run': { type: 'boolean', default: false },
    format: { type: 'string' },
    oversize: { type: 'string', default: 'fail' },
    rejects: { type: 'string' },
    user: { type: 'string' },
  } as const;
  const { values, positionals } = parse(args, options, true);
  if (values.help) return null;
  if (positionals.length === 0)
    throw new CannotRun('name at least one file, or - for standard input (see --help)');
  const target = targetOf(values, environment);
  return {
    target,
    files: positionals,
    format: oneOf('--format', values.format, formatNames),
    allBranches: oneOf('--branches', values.branches, ['shown', 'all']) === 'all',
    oversize: oneOf<Oversize>('--oversize', values.oversize, OVERSIZE) ?? 'fail',
    agentId: checked('--agent', values.agent, /^[A-Za-z0-9._:-]{1,64}$/),
    userId: checked('--user', values.user, /^[\x21-\x7e]{1,255}$/),
    unitId: target.unitId,
    concurrency: parseConcurrency(values.concurrency),
    isDryRun: values['dry-run'],
    rejects: values.rejects,
  };
}

export interface ExportCommand {
  target: Target;
  out: string | undefined;
  /** As `GET /export/conversations` takes them. */
  filters: Record<string, string | string[] | undefined>;
}

/** What `colloquy export` is asked for; null when it is asked for help. Throws CannotRun. */
export function parseExport(args: string[], environment: Environment): ExportCommand | null {
  const { values } = parse(args, {
    ...SERVICE,
    out: { type: 'string' },
    agent: { type: 'string' },
    assignment: { type: 'string' },
    user: { type: 'string' },
    status: { type: 'string', multiple: true },
    'created-after': { type: 'string' },
    'created-before': { type: 'string' },
    'updated-after': { type: 'string' },
    'updated-before': { type: 'string' },
  });
  if (values.help) return null;
  return {
    target: targetOf(values, environment),
    out: values.out === '-' ? undefined : values.out,
    filters: {
      agent_id: values.agent,
      assignment_id: values.assignment,
      user_id: values.user,
      statuses: values.status,
      created_after: values['created-after'],
      created_before: values['created-before'],
      updated_after: values['updated-after'],
      updated_before: values['updated-before'],
    },
  };
}

export interface TailCommand {
  target: Target;
  /** As `GET /events` takes it. */
  query: Record<string, string | string[] | undefined>;
}

/** What `colloquy tail` is asked for; null when it is asked for help. Throws CannotRun. */
export function parseTail(args: string[], environment: Environment): TailCommand | null {
  const { values } = parse(args, {
    ...SERVICE,
    after: { type: 'string', default: 'latest' },
    type: { type: 'string', multiple: true },
    conversation: { type: 'string' },
  });
  if (values.help) return null;
  return {
    target: targetOf(values, environment),
    query: { after: values.after, types: values.type, conversation_id: values.conversation },
  };
}

/** Throws CannotRun, with what is near for another option. */
function parse<const Options extends ParseArgsOptionsConfig>(
  args: string[],
  options: Options,
  allowPositionals = false,
) {
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const known = Object.keys(options).map((name) => `--${name}`);
  for (const token of tokens)
    if (token.kind === 'option' && !Object.hasOwn(options, token.name))
      throw new CannotRun(
        `there is no option ${token.rawName}${meant(token.rawName, known) || ' (see --help)'}`,
      );
  try {
    return parseArgs({ args, options, allowPositionals });
  } catch (error) {
    throw new CannotRun(reasonOf(error));
  }
}

const VARIABLES: readonly string[] = ['COLLOQUY_URL', 'COLLOQUY_TOKEN'];

/** What variables are probably meant to say; others begin with COLLOQUY_ too, such as those that Kubernetes sets. */
export function misspeltVariables(environment: Environment): string[] {
  return Object.keys(environment).flatMap((name) => {
    const [, prefix = '', end = ''] = /^([A-Z]+)_([A-Z]+)$/.exec(name) ?? [];
    const near = [nearest(prefix, ['COLLOQUY']), nearest(end, ['URL', 'TOKEN'])].join('_');
    return VARIABLES.includes(name) || !VARIABLES.includes(near)
      ? []
      : [`${name} is no variable of colloquy and is ignored: did you mean ${near}?`];
  });
}

function targetOf(
  values: { url?: string | undefined; tenant?: string | undefined; unit?: string | undefined },
  environment: Environment,
): Target {
  const token = environment.COLLOQUY_TOKEN?.trim();
  return {
    url: parseUrl(values.url ?? (environment.COLLOQUY_URL || 'http://127.0.0.1:3000')),
    tenantId: checked('--tenant', values.tenant, /^[A-Za-z0-9._:-]{1,64}$/),
    unitId: checked('--unit', values.unit, /^[A-Za-z0-9._:-]{1,64}$/),
    token: checked('COLLOQUY_TOKEN', token || undefined, /^[\x21-\x7e]+$/),
  };
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new CannotRun('--url is no http(s) URL');
  if (url.username || url.password) throw new CannotRun('--url carries a credential: use COLLOQUY_TOKEN');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function oneOf<Choice extends string>(
  name: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  const found = choices.find((choice) => choice === value);
  if (value !== undefined && found === undefined)
    throw new CannotRun(`${name} is one of ${choices.join(', ')}${meant(value, choices)}`);
  return found;
}

/** Words in lines that fit into a narrow terminal. */
function lined(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (lines.length > 0 && line.length + word.length + 2 <= COLUMNS) lines.splice(-1, 1, `${line}, ${word}`);
    else lines.push(`  ${word}`);
  }
  return `${lines.join(',\n')}.`;
}

function checked(name: string, value: string | undefined, pattern: RegExp): string | undefined {
  if (value !== undefined && !pattern.test(value))
    throw new CannotRun(`${name} is not what the service takes`);
  return value;
}

function parseConcurrency(text: string): number {
  const concurrency = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (concurrency < 1 || concurrency > limits.concurrency) {
    throw new CannotRun(`--concurrency is a number from 1 to ${limits.concurrency}`);
  }
  return concurrency;
}
