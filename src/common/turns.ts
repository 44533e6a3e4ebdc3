import { Unavailable } from './errors/domain-error.js';

interface Waiting {
  size: number;
  timer: NodeJS.Timeout;
  admit: () => void;
}

interface Limits {
  /** What there is of it in all, in whatever unit `take` counts. */
  capacity: number;
  /** Callers of one tenant that may wait; further ones are refused. */
  maxWaiting: number;
  /** How long a caller may wait before it is refused. */
  maxWaitMs: number;
  /** Why a caller is refused that has waited so long. */
  detail: string;
}

/** Of what is scarce, this part is kept for tenants that have none of it. */
const KEPT_FREE = 1 / 5;
const LINE_IS_FULL = 'Too many requests of this tenant wait already.';

/**
 * Shares what is scarce among tenants. A tenant that holds some gets more only while more than a fifth stays free, and
 * those that wait are served in turns, one of each tenant: a flood of one fills its own line, and another tenant waits
 * about as long as one turn takes.
 */
export class Turns {
  readonly #held = new Map<string, number>();
  /** By tenant, the one whose turn is next first. */
  readonly #lines = new Map<string, Waiting[]>();
  #free: number;

  constructor(private readonly limits: Limits) {
    this.#free = limits.capacity;
  }

  /** What nobody holds. */
  get free(): number {
    return this.#free;
  }

  get waiting(): number {
    let waiting = 0;
    for (const line of this.#lines.values()) waiting += line.length;
    return waiting;
  }

  /**
   * Takes `size`, which is at most all there is, as soon as it is the tenant's turn; call what it returns to give it
   * back. Throws Unavailable when the tenant's line is full or does not get on.
   */
  async take(tenant: string, size = 1): Promise<() => void> {
    const bounded = Math.min(size, this.limits.capacity);
    if (!this.#isOwed() && !this.#lines.has(tenant) && this.#mayTake(tenant, bounded))
      this.#give(tenant, bounded);
    else await this.#wait(tenant, bounded);
    let isHeld = true;
    return () => {
      if (isHeld) this.#takeBack(tenant, bounded);
      isHeld = false;
    };
  }

  /** Whether a tenant that holds nothing waits: nobody may overtake it, or it would wait for ever for a large part. */
  #isOwed(): boolean {
    for (const tenant of this.#lines.keys()) if (!this.#held.has(tenant)) return true;
    return false;
  }

  #mayTake(tenant: string, size: number): boolean {
    if (size > this.#free) return false;
    return !this.#held.has(tenant) || this.#free - size >= this.limits.capacity * KEPT_FREE;
  }

  #give(tenant: string, size: number): void {
    this.#free -= size;
    this.#held.set(tenant, (this.#held.get(tenant) ?? 0) + size);
  }

  #takeBack(tenant: string, size: number): void {
    this.#free += size;
    const held = (this.#held.get(tenant) ?? 0) - size;
    if (held > 0) this.#held.set(tenant, held);
    else this.#held.delete(tenant);
    this.#admitNext();
  }

  #wait(tenant: string, size: number): Promise<void> {
    const line = this.#lines.get(tenant) ?? [];
    if (line.length >= this.limits.maxWaiting) throw new Unavailable(LINE_IS_FULL);
    this.#lines.set(tenant, line);
    return new Promise((admit, refuse) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        if (line.length === 0) this.#lines.delete(tenant);
        refuse(new Unavailable(this.limits.detail));
        this.#admitNext();
      }, this.limits.maxWaitMs).unref();
      const waiting = { size, timer, admit };
      line.push(waiting);
    });
  }

  /** Lets in whoever can be, one of each tenant in turn. A tenant that holds nothing and needs more than is free is waited for. */
  #admitNext(): void {
    if (this.#lines.size === 0) return;
    for (const [tenant, line] of this.#lines) {
      const [first] = line;
      if (!first) continue;
      if (!this.#mayTake(tenant, first.size)) {
        if (this.#held.has(tenant)) continue;
        return;
      }
      line.shift();
      clearTimeout(first.timer);
      this.#lines.delete(tenant);
      if (line.length > 0) this.#lines.set(tenant, line);
      this.#give(tenant, first.size);
      first.admit();
    }
  }
}
