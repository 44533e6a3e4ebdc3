import { AsyncLocalStorage } from 'node:async_hooks';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource, type QueryRunner } from 'typeorm';
import { TenantScopedRepository } from '../../src/database/sql/tenant-scoped.repository.js';

/** One place where a statement names the tenant: the `occurrence`th time that a method's statement does. */
export interface TenantPlace {
  readonly method: string;
  /** The statement, with lists of any length alike. */
  readonly shape: string;
  readonly occurrence: number;
}

const PREDICATE = /\btenant_id[`"]? = \?/g;
const INSERT = /^INSERT INTO [`"]?\w+[`"]? \(([^)]+)\) VALUES /;

/**
 * Knows all statements that the repositories of an app send, and can take the tenant out of one place of them: a
 * condition then holds for every tenant, an inserted row belongs to the victim.
 */
export class StatementMutator {
  /** Every method of every repository of tenants' rows. */
  readonly methods: ReadonlySet<string>;
  readonly #method = new AsyncLocalStorage<string>();
  readonly #places = new Map<string, TenantPlace>();
  #mutation: { place: TenantPlace; victim: string } | undefined;

  constructor(app: INestApplication) {
    this.methods = new Set(repositoriesOf(app).flatMap((repository) => this.#observe(repository)));
    const dataSource = app.get(DataSource);
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => this.#intercept(create(mode));
  }

  /** Does `work` and returns the places that its statements have. */
  async placesIn(work: () => Promise<unknown>): Promise<TenantPlace[]> {
    this.#places.clear();
    await work();
    return [...this.#places.values()];
  }

  /** From now on the tenant is missing in this place. */
  mutate(place: TenantPlace, victim: string): void {
    this.#mutation = { place, victim };
  }

  heal(): void {
    this.#mutation = undefined;
  }

  #observe(repository: object): string[] {
    const { constructor } = repository;
    const names = Object.getOwnPropertyNames(constructor.prototype).filter((name) => name !== 'constructor');
    return names.map((name) => {
      const label = `${constructor.name}.${name}`;
      const method: unknown = Reflect.get(repository, name);
      if (typeof method !== 'function') throw new TypeError(`${label} is no method.`);
      Reflect.set(repository, name, (...parts: unknown[]): unknown =>
        this.#method.run(label, () => Reflect.apply(method, repository, parts) as unknown),
      );
      return label;
    });
  }

  #intercept(runner: QueryRunner): QueryRunner {
    const query = runner.query.bind(runner) as (...parts: unknown[]) => Promise<unknown>;
    Reflect.set(runner, 'query', (sql: string, parameters: unknown[] = [], ...rest: unknown[]) =>
      query(...this.#rewrite(sql, parameters), ...rest),
    );
    return runner;
  }

  #rewrite(sql: string, parameters: unknown[]): [string, unknown[]] {
    const columns = INSERT.exec(sql)?.[1]?.split(', ');
    const places = columns?.includes('tenant_id') ? 1 : (sql.match(PREDICATE)?.length ?? 0);
    const method = this.#method.getStore() ?? 'no method of a repository';
    const shape = sql.replaceAll(/\(\?(?:, \?)*\)/g, '(?)').replaceAll('(?), ', '');
    for (let occurrence = 0; occurrence < places; occurrence++) {
      const place = { method, shape, occurrence };
      this.#places.set(JSON.stringify(place), place);
    }
    const { place, victim } = this.#mutation ?? {};
    if (place?.method !== method || place.shape !== shape) return [sql, parameters];
    if (columns) {
      const tenant = columns.indexOf('tenant_id');
      return [sql, parameters.map((value, n) => (n % columns.length === tenant ? victim : value))];
    }
    let occurrence = 0;
    const mutated = sql.replaceAll(PREDICATE, (predicate) =>
      // `=` and IS bind alike, from the left: this is true for every row.
      occurrence++ === place.occurrence ? `${predicate} IS NOT NULL` : predicate,
    );
    return [mutated, parameters];
  }
}

const repositoriesOf = (app: INestApplication): object[] => [
  ...new Set(
    [...app.get(ModulesContainer).values()].flatMap(({ providers }) =>
      [...providers.values()]
        .map(({ instance }) => instance)
        .filter((instance) => instance instanceof TenantScopedRepository),
    ),
  ),
];
