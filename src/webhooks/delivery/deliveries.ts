import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { now } from '../../common/clock.js';
import { Job, type PeriodicWork } from '../../jobs/job.js';
import { JobRunner } from '../../jobs/job-runner.js';
import { type DueLane, DueLanesRepository } from './due-lanes.repository.js';
import { LaneTurn } from './lane-turn.js';

const JOB = 'webhook-deliveries';
/** Lanes that this replica works on at a time, each with one request under way. */
const SLOTS = 64;
/** Of them, those whose receiver failed last: whoever hangs takes no place from those who answer. */
const FAILING_SLOTS = 16;
/** Of each kind: some are taken by another replica, or are under way here already. */
const CANDIDATES = 2 * SLOTS;
/** News are looked for again for so long: they become visible later than their time says, and clocks differ. */
const OVERLAP_MS = 10_000;
/** So often all feeds are looked at, whenever they moved: if clocks differ by more, deliveries are late and not lost. */
const WHOLE_LOOK_MS = 60_000;
const NEVER = new Date(0);

interface Running {
  readonly tenantId: string;
  readonly isFailing: boolean;
  readonly end: Promise<void>;
}

/**
 * Gives lanes that have something to do their turn, on every replica: a lane is claimed for it, so that one works on it
 * at a time. Nobody waits for a receiver but its own lane, and tenants take turns at the slots.
 */
@Injectable()
@Job({ name: JOB, everyMs: 250, replicas: 'all' })
export class Deliveries implements PeriodicWork, BeforeApplicationShutdown {
  readonly #logger = new Logger('Webhooks');
  readonly #running = new Map<string, Running>();
  readonly #stopping = new AbortController();
  /** Whoever's feed moved before it has had a turn, or has a lane that is awake. */
  #newsSince = NEVER;
  #lastWholeLook = performance.now();

  constructor(
    private readonly due: DueLanesRepository,
    private readonly turn: LaneTurn,
    private readonly jobs: JobRunner,
  ) {}

  /** Does not wait for what it starts: the end of each turn looks again. */
  async run(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#running.size >= SLOTS) return false;
    const recently = new Date(now().getTime() - OVERLAP_MS);
    if (performance.now() - this.#lastWholeLook > WHOLE_LOOK_MS) this.#lookAtAll();
    const since = this.#newsSince < recently ? this.#newsSince : recently; // should the clock be put back
    const time = now();
    const { lanes, hasAllNews } = await this.due.find(time, since, CANDIDATES);
    if (this.#stopping.signal.aborted) return false; // nobody would wait for what is begun now
    let areNewsLeft = !hasAllNews;
    for (const candidate of inTurns(lanes)) {
      const isAwake = candidate.lane.wakeTime !== null && candidate.lane.wakeTime <= time;
      if (this.#hasSlotFor(candidate)) this.#start(candidate);
      else if (!isAwake) areNewsLeft = true;
    }
    if (!areNewsLeft) this.#newsSince = recently;
    return false;
  }

  /** What is under way is broken off and sent again by another replica. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#running.values()].map(({ end }) => end));
  }

  #lookAtAll(): void {
    this.#newsSince = NEVER;
    this.#lastWholeLook = performance.now();
  }

  #hasSlotFor({ lane }: DueLane): boolean {
    const running = [...this.#running.values()];
    const free = SLOTS - running.length;
    const holdsSlot = running.some(({ tenantId }) => tenantId === lane.tenantId);
    if (this.#running.has(keyOf(lane)) || free <= (holdsSlot ? SLOTS / 2 : 0)) return false;
    return lane.failures === 0 || running.filter(({ isFailing }) => isFailing).length < FAILING_SLOTS;
  }

  #start({ scope, lane }: DueLane): void {
    const end = this.turn
      .take(scope, lane, this.#stopping.signal)
      .catch((error: unknown) => {
        this.#logger.warn({ err: error, webhook_id: lane.id }, 'Deliveries failed and are tried again.');
      })
      .finally(() => {
        this.#running.delete(keyOf(lane));
        if (!this.#stopping.signal.aborted) this.jobs.wake(JOB);
      });
    this.#running.set(keyOf(lane), { tenantId: lane.tenantId, isFailing: lane.failures > 0, end });
  }
}

const keyOf = ({ tenantId, id }: { tenantId: string; id: string }): string => `${tenantId} ${id}`;

/** One lane of each tenant, then the second of each, and so on. */
function inTurns(candidates: readonly DueLane[]): DueLane[] {
  const byTenant = Map.groupBy(candidates, ({ lane }) => lane.tenantId);
  const rounds = Math.max(0, ...[...byTenant.values()].map((lanes) => lanes.length));
  return Array.from({ length: rounds }, (_, round) =>
    [...byTenant.values()].flatMap((lanes) => lanes[round] ?? []),
  ).flat();
}
