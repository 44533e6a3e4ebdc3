/** A command cannot do its work at all: a wrong option, an unreadable file, no service. */
export class CannotRun extends Error {}

/** What a system call, a library or a thrower of anything else says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
