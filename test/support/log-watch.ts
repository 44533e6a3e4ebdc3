const MIN_LENGTH = 8;
/** So much of a long text is looked for: a log that cuts it off is found out as well. */
const MAX_LENGTH = 24;
/** What a line of the log may say of its request, and which job it is of. */
const TOLD = new Set([
  ...['time', 'tenant_id', 'request_id', 'duration_ms', 'principal', 'job'],
  ...['conversation_id', 'message_id', 'webhook_id', 'created_id', 'delivery_error'],
]);

/**
 * A word of an enum that is the beginning of a column's name, which a failed statement is logged with; and the service
 * itself as an author, which is also the name of folders that it is cloned into.
 */
const NO_SECRETS = new Set(['requested', 'colloquy']);

/** Remembers what must not be logged, and what is logged. Texts of less than eight characters are not told apart. */
export class LogWatch {
  readonly #secrets = new Set<string>();
  readonly #logged = new Set<string>();

  /** From now on no string in this value, however deep, may be in the log. */
  keep(value: unknown): void {
    for (const text of stringsIn(value))
      if (text.length >= MIN_LENGTH && !NO_SECRETS.has(text))
        this.#secrets.add(Buffer.from(text.slice(0, MAX_LENGTH)).toString());
  }

  /** The secrets of a configuration: what is called one, and passwords in addresses. */
  keepConfiguration(environment: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(environment)) {
      if (name.endsWith('SECRET')) this.keep(value);
      if (name.endsWith('URL') && URL.canParse(value)) this.keep(decodeURIComponent(new URL(value).password));
    }
  }

  /** What is logged: a line of JSON, or anything else that a process prints. */
  print(line: string): void {
    this.#logged.add(textOf(line));
  }

  /** Everything that was logged, without what may be. */
  get text(): string {
    return [...this.#logged].join('\n');
  }

  /** Whatever was logged, or stands in another text, though it must not. */
  leaks(text = this.text): string[] {
    const written = [...this.#secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
    const byBeginning = Map.groupBy(new Set(written), (secret) => secret.slice(0, MIN_LENGTH));
    const found = new Set<string>();
    for (let at = 0; at < text.length; at++)
      for (const secret of byBeginning.get(text.slice(at, at + MIN_LENGTH)) ?? [])
        if (text.startsWith(secret, at)) found.add(secret);
    return [...found];
  }

  /** Throws when anything was logged that must not be. */
  assertSecrecy(): void {
    const told = this.leaks();
    if (told.length > 0) throw new Error(`The log tells what it must not:\n${told.join('\n')}`);
  }
}

/** The one of this test file. */
export const logWatch = new LogWatch();

/** Not by recursion: a body may be nested deeper than the stack. */
function* stringsIn(value: unknown): Generator<string> {
  const waiting = [value];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (typeof part === 'string') yield part;
    else if (typeof part === 'object' && part !== null && !Buffer.isBuffer(part))
      for (const inner of Object.values(part)) waiting.push(inner);
  }
}

/** All that a line says beside what it may. */
function textOf(line: string): string {
  try {
    const fields: unknown = JSON.parse(line);
    const others = Object.entries(Object(fields) as object).filter(([name]) => !TOLD.has(name));
    return JSON.stringify(others) + [...stringsIn(others)].join('\n');
  } catch {
    return line;
  }
}
