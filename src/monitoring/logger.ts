import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { z } from 'zod';
import type { AppConfig } from '../config/app-config.js';
import { errorForLog } from './error-for-log.js';
import { traceFields } from './traces.js';

/** Lines are written together, at most this much later; what is left is written when the process ends. */
const STANDARD_OUTPUT = {
  dest: 1,
  sync: false,
  minLength: 32 * 1024,
  maxWrite: 64 * 1024,
  periodicFlush: 100,
};

/** Writes to standard output: one JSON object a line, or readable lines for a terminal, which few processes need. */
export async function standardOutput({ pretty }: AppConfig['log']): Promise<DestinationStream> {
  if (pretty) {
    const { PinoPretty } = await import('pino-pretty');
    return PinoPretty({
      messageKey: 'message',
      sync: true,
      singleLine: true,
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: REQUEST_FIELDS.join(),
      messageFormat: (line) => lineFor(z.looseObject({}).parse(line)),
    });
  }
  const output = pino.destination(STANDARD_OUTPUT);
  // At exit it tries for ever to write what waits to a reader that is gone; before that, it notices and gives up.
  process.once('beforeExit', () => output.flush());
  return output;
}

const IDS = ['conversation_id', 'message_id', 'webhook_id', 'created_id'];
const REQUEST_FIELDS = [
  ...['request_id', 'method', 'route', 'status', 'duration_ms', 'code', 'tenant_id', 'principal'],
  ...IDS,
];

/** What a person reads: of a request all that matters, of anything else the message and its request. */
function lineFor(line: Record<string, unknown>): string {
  const text = (field: string) =>
    typeof line[field] === 'string' || typeof line[field] === 'number' ? [String(line[field])] : [];
  if (line['message'] !== 'request')
    return [...text('message'), ...text('request_id').map((id) => `(request ${id})`)].join(' ');
  const words = ['status', 'method', 'route', 'code', 'tenant_id', 'principal'].flatMap(text);
  return [...words, ...IDS.flatMap(text), `${text('duration_ms').join('')} ms`, ...text('request_id')].join(
    ' ',
  );
}

/** The log of the service: one JSON object a line. */
export function createLogger({ level }: AppConfig['log'], destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorForLog },
      mixin: traceFields,
    },
    destination,
  );
}

/** What the framework tells of its own start. */
const BOOTSTRAP_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);
/** What these say of a failure at start is thrown as well, and told once by whoever starts the service. */
const START_FAILURE_CONTEXTS = new Set(['ExceptionHandler', 'NestApplication', 'TypeOrmModule']);
const QUIET: Partial<Record<string, ReadonlySet<string>>> = {
  info: BOOTSTRAP_CONTEXTS,
  error: START_FAILURE_CONTEXTS,
};

/**
 * Nest's logger on pino. Nest passes a message, or an object and then a message, and the context (the name of the
 * class that logs) last.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log = (...parts: unknown[]): void => this.#write('info', parts);
  error = (...parts: unknown[]): void => this.#write('error', parts);
  warn = (...parts: unknown[]): void => this.#write('warn', parts);
  debug = (...parts: unknown[]): void => this.#write('debug', parts);
  verbose = (...parts: unknown[]): void => this.#write('trace', parts);
  fatal = (...parts: unknown[]): void => this.#write('fatal', parts);

  #write(level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal', parts: unknown[]): void {
    const texts = parts.filter((part) => typeof part === 'string');
    const context = texts.length > 1 ? texts.at(-1) : undefined;
    const severity = QUIET[level]?.has(String(parts.at(-1))) ? 'debug' : level;
    const [error] = parts.filter((part) => part instanceof Error);
    const [fields] = parts.filter(
      (part): part is object => typeof part === 'object' && part !== null && !(part instanceof Error),
    );
    this.logger[severity](
      { ...(context && { context }), ...(error && { err: error }), ...fields },
      texts[0] ?? error?.message,
    );
  }
}
