import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../../database/sql/across-tenants.repository.js';
import type { Row } from '../../database/sql/sql-session.js';
import { type Transaction, Transactions } from '../../database/sql/transactions.js';
import { EpochsRepository } from '../../events/epochs.repository.js';
import { SERVICE } from '../../identity/service-principal.js';
import { TenantScope } from '../../identity/tenant-scope.js';
import { WebhookLane } from './webhook-lane.entity.js';

/** A lane that has something to do, and the scope it belongs to. */
export interface DueLane {
  readonly scope: TenantScope;
  readonly lane: WebhookLane;
}

/** Tenants whose lanes are looked for at a time, of each kind. */
const MAX_TENANTS = 64;
/** Tenants that are found; those that have waited longest are found first. */
const MAX_FOUND = 1_000;
/** Lanes whose receivers took the last delivery, and those whose receivers failed. */
const KINDS = ['failures = 0', 'failures > 0'] as const;

const AWAKE = (hint: string, kind: string) =>
  `SELECT DISTINCT tenant_id FROM webhook_lane ${hint} WHERE ${kind} AND wake_time <= ? LIMIT ${MAX_FOUND}`;
const WITH_NEWS = `SELECT tenant_id, last_position FROM feed
  WHERE published_time >= ? AND epoch = ? AND EXISTS (
    SELECT 1 FROM webhook_lane AS lane
    WHERE lane.tenant_id = feed.tenant_id AND lane.due_time <= ? AND lane.claimed_until <= ?
      AND (lane.position < feed.last_position OR lane.epoch <> feed.epoch))
  LIMIT ${MAX_FOUND}`;
/** The `+` keeps SQLite to the key, where it would take the index of what is awake. */
const LANES = (kind: string) => `SELECT * FROM (
    SELECT * FROM webhook_lane
    WHERE tenant_id = ? AND +${kind} AND due_time <= ? AND claimed_until <= ?
      AND (wake_time <= ? OR position < ? OR epoch <> ?)
    ORDER BY due_time LIMIT ?) AS lanes`;

/**
 * Which webhooks of all tenants have something to deliver. All work on them is scoped again. First it asks for tenants,
 * by indexes that lead to those alone, and then for some lanes of each: nothing is read of whom nothing is due for.
 */
@Injectable()
export class DueLanesRepository extends AcrossTenantsRepository {
  readonly #dataSource: DataSource;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly epochs: EpochsRepository,
  ) {
    super(dataSource);
    this.#dataSource = dataSource;
  }

  /**
   * Lanes that no replica works on at `time` and that are awake, or behind a feed that has moved since `newsSince`:
   * about `limit` of those whose receiver took the last delivery, and as many whose receiver failed. Tenants share
   * these places, so that whoever has a thousand lanes keeps nobody else out. `hasAllNews` unless one that is only
   * behind its feed may have got none.
   */
  find(
    time: Date,
    newsSince: Date,
    limit: number,
  ): Promise<{ readonly lanes: readonly DueLane[]; readonly hasAllNews: boolean }> {
    return this.transactions.readTogether(null, async (reads) => {
      const epoch = await this.epochs.currentIn(reads);
      if (epoch === null) return { lanes: [], hasAllNews: true };
      const [news, ...awake] = await Promise.all([
        this.#newsIn(reads, epoch, time, newsSince),
        ...KINDS.map((kind) => this.#awakeIn(reads, kind, time)),
      ]);
      const found = await Promise.all(
        KINDS.map((kind, index) => {
          const tenants = [...new Set([...news.keys(), ...(awake[index] ?? [])])];
          return this.#lanesIn(reads, kind, { tenants, news, epoch, time, limit });
        }),
      );
      return {
        lanes: found.flatMap(({ lanes }) => lanes),
        hasAllNews: news.size < MAX_FOUND && found.every(({ hasAllNews }) => hasAllNews),
      };
    });
  }

  async #awakeIn(reads: Transaction, kind: string, time: Date): Promise<string[]> {
    // Either optimiser might rather walk all lanes, in the order of their tenants.
    const index = 'webhook_lane_by_wake_time';
    const hint = this.isSqlite ? `INDEXED BY ${index}` : `FORCE INDEX (${index})`;
    const rows = await this.rowsIn(reads, AWAKE(hint, kind), [textOf(time)]);
    return rows.map(({ tenant_id }) => String(tenant_id));
  }

  /** How far the feeds have come of tenants who have a lane behind it. */
  async #newsIn(reads: Transaction, epoch: string, time: Date, since: Date): Promise<Map<string, number>> {
    const parameters = [textOf(since), epoch, textOf(time), textOf(time)];
    const rows = await this.rowsIn(reads, WITH_NEWS, parameters);
    return new Map(rows.map((row) => [String(row['tenant_id']), Number(row['last_position'])]));
  }

  async #lanesIn(
    reads: Transaction,
    kind: string,
    due: {
      readonly tenants: readonly string[];
      readonly news: ReadonlyMap<string, number>;
      readonly epoch: string;
      readonly time: Date;
      readonly limit: number;
    },
  ): Promise<{ lanes: DueLane[]; hasAllNews: boolean }> {
    const start = Math.floor(Math.random() * due.tenants.length);
    const tenants = [...due.tenants.slice(start), ...due.tenants.slice(0, start)].slice(0, MAX_TENANTS);
    if (tenants.length === 0) return { lanes: [], hasAllNews: true };
    const share = Math.ceil(due.limit / tenants.length);
    const time = textOf(due.time);
    const rows = await this.rowsIn(
      reads,
      tenants.map(() => LANES(kind)).join(' UNION ALL '),
      tenants.flatMap((tenant) => [tenant, time, time, time, due.news.get(tenant) ?? 0, due.epoch, share]),
    );
    const lanes = rows.map((row) => this.#laneOf(row));
    const found = Map.groupBy(lanes, ({ tenantId }) => tenantId);
    const isWhole = (tenant: string) => tenants.includes(tenant) && (found.get(tenant)?.length ?? 0) < share;
    return {
      lanes: lanes.map((lane) => ({
        scope: TenantScope.grant(lane.tenantId, lane.tenantUnitId, SERVICE),
        lane,
      })),
      hasAllNews: [...due.news.keys()].every(isWhole),
    };
  }

  #laneOf(row: Row): WebhookLane {
    const lane = new WebhookLane();
    for (const column of this.#dataSource.getMetadata(WebhookLane).columns)
      column.setEntityValue(
        lane,
        this.#dataSource.driver.prepareHydratedValue(row[column.databaseName], column),
      );
    return lane;
  }
}

/** As both engines compare times with. */
const textOf = (time: Date): string => time.toISOString().slice(0, 23).replace('T', ' ');
