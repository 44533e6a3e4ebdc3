import { AsyncLocalStorage } from 'node:async_hooks';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource, type QueryRunner } from 'typeorm';
import { TenantScopedRepository } from '../../src/database/sql/tenant-scoped.repository.js';

/** Whose a row is. */
export type OwnerColumn = 'tenant_id' | 'tenant_unit_id';

/** One place where a statement names the tenant or the unit: the `occurrence`th time that a method's statement does. */
export interface OwnerPlace {
  readonly column: OwnerColumn;
  readonly method: string;
  /** The statement, with lists of any length alike. */
  readonly shape: string;
  readonly occurrence: number;
}

const PREDICATES = {
  tenant_id: /\btenant_id[`"]? = \?/g,
  tenant_unit_id: /\btenant_unit_id[`"]? = \?/g,
} as const;
const COLUMNS = ['tenant_id', 'tenant_unit_id'] as const;
const INSERT = /^INSERT INTO [`"]?\w+[`"]? \(([^)]+)\) VALUES /;

/**
 * Knows all statements that the repositories of an app send, and can take the tenant or the unit out of one place of
 * them: a condition then holds for every one of them, an inserted row belongs to the victim.
 */
export class StatementMutator {
  /** Every method of every repository of tenants' rows. */
  readonly methods: ReadonlySet<string>;
  readonly #method = new AsyncLocalStorage<string>();
  readonly #places = new Map<string, OwnerPlace>();
  #mutation: { place: OwnerPlace; victim: string } | undefined;

  constructor(app: INestApplication) {
    this.methods = new Set(repositoriesOf(app).flatMap((repository) => this.#observe(repository)));
    const dataSource = app.get(DataSource);
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => this.#intercept(create(mode));
  }

  /** Does `work` and returns the places that its statements have. */
  async placesIn(work: () => Promise<unknown>): Promise<OwnerPlace[]> {
    this.#places.clear();
    await work();
    return [...this.#places.values()];
  }

  /** From now on the tenant or unit is missing in this place. */
  mutate(place: OwnerPlace, victim: string): void {
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
    const method = this.#method.getStore() ?? 'no method of a repository';
    const shape = sql
      .replaceAll(/\(\?(?:, \?)*\)/g, '(?)')
      .replaceAll('(?), ', '')
      .replaceAll(/<= \d+ THEN/g, '<= n THEN'); // how much of a row a list reads depends on its length
    for (const column of COLUMNS) {
      const named = columns ? Number(columns.includes(column)) : (sql.match(PREDICATES[column])?.length ?? 0);
      for (let occurrence = 0; occurrence < named; occurrence++) {
        const place = { column, method, shape, occurrence };
        this.#places.set(JSON.stringify(place), place);
      }
    }
    const { place, victim } = this.#mutation ?? {};
    if (place?.method !== method || place.shape !== shape) return [sql, parameters];
    if (columns) {
      const owner = columns.indexOf(place.column);
      return [sql, parameters.map((value, n) => (n % columns.length === owner ? victim : value))];
    }
    let occurrence = 0;
    const mutated = sql.replaceAll(PREDICATES[place.column], (predicate) =>
      // `=` and IS bind alike, from the left: this is true for every row that has one.
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
