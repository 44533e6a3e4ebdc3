import type { Link } from '../../support/tcp-proxy.js';

/**
 * What becomes of a COMMIT: it never arrives; it is done and its answer is lost; or the client's connection breaks
 * first and it is done afterwards; or it does not arrive, or its answer does not, while the connection lasts until the
 * test ends it; or, for once, all is well.
 */
export type CommitFault = 'before' | 'after' | 'late' | 'held' | 'unanswered' | 'none';

/** A transaction's last statements travel in one packet with its COMMIT. */
const endsWithCommit = (chunk: Buffer): boolean => chunk.subarray(-6).equals(COMMIT);
const COMMIT = Buffer.from('COMMIT');
const LATE_MS = 300;

/** Stands between a service and its database and spoils the COMMITs that it is told to. */
export class CommitFaults {
  #next: CommitFault[] = [];
  #held: ((cut: () => void) => void) | undefined;

  /** The next COMMITs, on whatever connection, meet these faults. */
  arm(...faults: CommitFault[]): void {
    this.#next = faults;
  }

  /** Faults that no COMMIT has met yet. */
  get left(): number {
    return this.#next.length;
  }

  /** Resolves when a COMMIT is held back or unanswered, with what ends its connection. */
  holding(): Promise<() => void> {
    return new Promise((resolve) => {
      this.#held = resolve;
    });
  }

  readonly join = (link: Link): void => {
    const { client, server } = link;
    let isSwallowing = false;
    let isHolding = false;
    client.on('data', (chunk: Buffer) => {
      const fault = endsWithCommit(chunk) ? this.#next.shift() : undefined;
      if (fault === undefined || fault === 'none') server.write(chunk);
      if (fault === 'before') link.cut();
      if (fault === 'held') this.#held?.(link.cut);
      if (fault === 'unanswered') {
        isHolding = true;
        server.write(chunk);
      }
      if (fault === 'after') {
        isSwallowing = true;
        server.write(chunk);
      }
      if (fault === 'late') {
        isSwallowing = true;
        client.destroy();
        setTimeout(() => server.write(chunk), LATE_MS);
      }
    });
    server.on('data', (chunk: Buffer) => {
      if (isSwallowing) link.cut();
      else if (isHolding) this.#held?.(link.cut);
      else client.write(chunk);
    });
    client.once('end', () => server.end());
    server.once('end', () => client.end());
  };
}
