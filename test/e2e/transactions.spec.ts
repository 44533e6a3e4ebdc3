import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { DataSource, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { Unavailable } from '../../src/common/errors/domain-error.js';
import { Transaction, Transactions } from '../../src/database/sql/transactions.js';
import { TenantScope } from '../../src/identity/tenant-scope.js';
import { createTestApp } from '../support/create-test-app.js';
import { isCi } from '../support/machine.js';

const POOL_SIZE = 4;
const { app, as, databaseUrl, watcher } = await createTestApp({
  environment: { DATABASE_POOL_SIZE: String(POOL_SIZE) },
});
const ada = as({ tenant: 'acme' });
const transactions = app.get(Transactions);
const dataSource = app.get(DataSource);

const range = (length: number) => Array.from({ length }, (_, n) => n);

class OnPurpose extends Error {}

const scopeOf = (tenant: string) =>
  TenantScope.grant(tenant, null, {
    credentialId: 'test',
    id: 'test',
    name: null,
    role: null,
    userId: null,
    tenantId: tenant,
    tenantUnitId: null,
    scopes: new Set(),
  });
const SCOPE = scopeOf('acme');

const insert = (transaction: Transaction, id: string) =>
  Transaction.sessionOf(transaction).affected('INSERT INTO note (id) VALUES (?)', [id]);

async function idsSeenBy(mode: 'master' | 'slave'): Promise<string[]> {
  const runner = dataSource.createQueryRunner(mode);
  try {
    const rows: { id: string }[] = await runner.query('SELECT id FROM note ORDER BY id');
    return rows.map(({ id }) => id);
  } finally {
    await runner.release();
  }
}

/** Lets fake time pass until the promise is settled. */
async function whileTimePasses<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const state = { settled: false };
  const result = Promise.allSettled([promise]).finally(() => (state.settled = true));
  while (!state.settled) {
    await jest.advanceTimersByTimeAsync(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await result)[0];
}

/** Time-outs are faked; what the database and the drivers await is not. */
const fakeTimeouts = () =>
  jest.useFakeTimers({
    doNotFake: [
      'Date', // a token would expire
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
    ],
  });

beforeAll(async () => {
  await dataSource.query('CREATE TABLE note (id varchar(64) NOT NULL PRIMARY KEY)');
  if (testEngine === 'sqlite') return;
  const runners = Array.from({ length: POOL_SIZE }, () => dataSource.createQueryRunner('master'));
  await Promise.all(runners.map((runner) => runner.connect()));
  await Promise.all(runners.map((runner) => runner.release()));
});

afterEach(async () => {
  jest.useRealTimers();
  await dataSource.query('DELETE FROM note');
});

describe('many transactions at once', () => {
  it('keep exactly what was committed, and show nothing before', async () => {
    const COUNT = 60;
    const numbers = range(COUNT);
    const fails = (n: number) => n % 4 === 1;
    let running = true;

    const transfer = async (n: number) => {
      await sleep(2 * n);
      return transactions.run(SCOPE, async (transaction) => {
        await insert(transaction, `first-${n}`);
        await sleep(3 + (n % 10));
        await insert(transaction, `second-${n}`);
        await sleep(n % 3);
        if (fails(n)) throw new OnPurpose();
        return n;
      });
    };
    const autocommit = async (n: number) => {
      await sleep(3 * n);
      await dataSource.query('INSERT INTO note (id) VALUES (?)', [`alone-${n}`]);
    };
    const watch = async (mode: 'master' | 'slave') => {
      const torn: string[] = [];
      let reads = 0;
      for (; running; reads++) {
        const seen = new Set(await idsSeenBy(mode));
        for (const n of numbers) {
          const both = [`first-${n}`, `second-${n}`].filter((id) => seen.has(id)).length;
          if (both === 1 || (both > 0 && fails(n))) torn.push(`${mode} saw ${both} rows of ${n}`);
        }
        await sleep(1);
      }
      return { torn, reads };
    };

    const watching = [watch('slave'), watch('master')];
    const outcomes = await Promise.allSettled(numbers.map(transfer));
    await Promise.all(numbers.map(autocommit));
    running = false;

    expect(
      outcomes.map((outcome): unknown => (outcome.status === 'rejected' ? outcome.reason : outcome.value)),
    ).toEqual(numbers.map((n) => (fails(n) ? expect.any(OnPurpose) : n)));
    for (const { torn, reads } of await Promise.all(watching)) {
      expect(torn).toEqual([]);
      expect(reads).toBeGreaterThan(2);
    }
    const committed = numbers.filter((n) => !fails(n)).flatMap((n) => [`first-${n}`, `second-${n}`]);
    expect(await idsSeenBy('slave')).toEqual([...committed, ...numbers.map((n) => `alone-${n}`)].sort());
  });

  it('keep an autocommit write that was made while a transaction was rolled back', async () => {
    const begun = Promise.withResolvers<undefined>();
    const failing = transactions.run(SCOPE, async (transaction) => {
      await insert(transaction, 'rolled back');
      begun.resolve(undefined);
      await sleep(5);
      throw new OnPurpose();
    });
    await begun.promise;
    const alone = dataSource.query('INSERT INTO note (id) VALUES (?)', ['alone']);

    await expect(failing).rejects.toThrow(OnPurpose);
    await alone;

    expect(await idsSeenBy('slave')).toEqual(['alone']);
  });
});

if (testEngine === 'sqlite') {
  describe('transactions that wait for the SQLite writer', () => {
    it('are committed together, each with its own fate', async () => {
      const before = watcher.statements.length;
      const outcomes = await Promise.allSettled(
        range(20).map((n) =>
          transactions.run(SCOPE, async (transaction) => {
            await insert(transaction, String(n));
            if (n % 5 === 0) throw new OnPurpose();
            return n;
          }),
        ),
      );

      const fails = (n: number) => n % 5 === 0;
      expect(
        outcomes.map((outcome): unknown => ('value' in outcome ? outcome.value : outcome.reason)),
      ).toEqual(range(20).map((n) => (fails(n) ? expect.any(OnPurpose) : n)));
      expect(watcher.statements.slice(before).filter((sql) => sql === 'COMMIT')).toHaveLength(1);
      expect(await idsSeenBy('slave')).toEqual(
        range(20)
          .filter((n) => !fails(n))
          .map(String)
          .sort(),
      );
    });

    it('all fail when one of them ends the transaction for all, as a full disk does', async () => {
      const all = [
        transactions.run(SCOPE, (transaction) => insert(transaction, 'before')),
        transactions.run(SCOPE, async (transaction) => {
          await Transaction.sessionOf(transaction).rows('ROLLBACK', []);
          throw new OnPurpose();
        }),
        transactions.run(SCOPE, (transaction) => insert(transaction, 'after')),
      ];

      for (const one of all) await expect(one).rejects.toThrow(OnPurpose);
      expect(await idsSeenBy('master')).toEqual([]);
      await transactions.run(SCOPE, (transaction) => insert(transaction, 'next'));
      expect(await idsSeenBy('slave')).toEqual(['next']);
    });
  });
}

describe('statements that are asked for together', () => {
  it('are not sent behind one that failed, which may have ended their transaction', async () => {
    const work = transactions.run(SCOPE, (transaction) => {
      const send = (sql: string) => Transaction.sessionOf(transaction).affected(sql, []);
      return Promise.all([
        insert(transaction, 'before'),
        send('ROLLBACK'),
        send('DELETE FROM nowhere'),
        insert(transaction, 'behind'),
      ]);
    });
    await expect(work).rejects.toThrow(/nowhere/);
    expect(await idsSeenBy('master')).toEqual([]);
  });
});

describe('a transaction that does not end', () => {
  it('makes the others Unavailable after a while, and is undone when it is given up', async () => {
    const leaks = testEngine === 'sqlite' ? 1 : POOL_SIZE;
    const leaked = Array.from({ length: leaks }, () => dataSource.createQueryRunner('master'));
    for (const [n, runner] of leaked.entries()) {
      await runner.startTransaction();
      await runner.query('INSERT INTO note (id) VALUES (?)', [`leaked-${n}`]);
    }
    fakeTimeouts();

    const write = await whileTimePasses(transactions.run(SCOPE, (transaction) => insert(transaction, 'a')));
    const request = await whileTimePasses(ada.post('/conversations'));

    expect(write).toEqual({ status: 'rejected', reason: expect.any(Unavailable) });
    expect(request).toMatchObject({
      value: { status: 503, headers: { 'retry-after': '1' }, body: { code: 'unavailable' } },
    });
    jest.useRealTimers();
    for (const runner of leaked) {
      if (testEngine !== 'sqlite') await runner.rollbackTransaction();
      await runner.release();
    }
    expect((await ada.post('/conversations')).status).toBe(201);
    expect(await idsSeenBy('master')).toEqual([]);
  });

  it('cannot wait for itself for ever by writing outside of itself', async () => {
    fakeTimeouts();
    const nested = Array.from({ length: POOL_SIZE }, (_, n) =>
      transactions.run(SCOPE, async (outer) => {
        await insert(outer, `outer-${n}`);
        await transactions.run(SCOPE, (inner) => insert(inner, `inner-${n}`));
      }),
    );

    const settled = await whileTimePasses(Promise.allSettled(nested));

    // On MariaDB the last of them may go on with connections that the first ones gave up.
    const outcomes = settled.status === 'fulfilled' ? settled.value : [];
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    const done = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    // Time jumps here, also while a COMMIT is under way.
    const inDoubt = outcomes.flatMap((outcome, n) =>
      outcome.status === 'rejected' && /not known/.test(String(outcome.reason)) ? [`outer-${n}`] : [],
    );
    expect(outcomes).toHaveLength(POOL_SIZE);
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures) expect(reason).toBeInstanceOf(Unavailable);
    const ids = await idsSeenBy('master');
    const outer = ids.filter((id) => id.startsWith('outer') && !inDoubt.includes(id));
    expect(outer).toEqual(done.map((n) => `outer-${n}`));
    expect(ids).toEqual(expect.arrayContaining(done.map((n) => `inner-${n}`)));
  });
});

describe('a commit that fails', () => {
  if (testEngine === 'sqlite') {
    it('leaves nothing behind, for nobody', async () => {
      await dataSource.query(
        'CREATE TABLE reply (note_id varchar(64) REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)',
      );
      const failing = transactions.run(SCOPE, async (transaction) => {
        await insert(transaction, 'lost');
        await Transaction.sessionOf(transaction).affected(
          "INSERT INTO reply (note_id) VALUES ('missing')",
          [],
        );
      });

      await expect(failing).rejects.toThrow('FOREIGN KEY constraint failed');
      await transactions.run(SCOPE, (transaction) => insert(transaction, 'kept'));
      expect(await idsSeenBy('master')).toEqual(['kept']);
    });
  } else {
    it('because its connection broke leaves nothing behind, and is run again once it is seen not to be done', async () => {
      const steps: string[] = [];

      await transactions.run(
        SCOPE,
        async (transaction) => {
          const isFirst = steps.push('work') === 1;
          await insert(transaction, `run-${isFirst ? 1 : 2}`);
          if (!isFirst) return;
          const [row] = await Transaction.sessionOf(transaction).rows('SELECT CONNECTION_ID() AS id', []);
          await dataSource.query(`KILL ${String(row?.id)}`);
        },
        { alreadyDone: () => Promise.resolve(void steps.push('look')) },
      );

      expect(steps).toEqual(['work', 'look', 'work']);
      expect(await idsSeenBy('master')).toEqual(['run-2']);
    });
  }
});

if (testEngine !== 'sqlite') {
  const variables: unknown[] = await dataSource.query("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'");
  const canRefuse = variables.length > 0 || (isCi && testEngine === 'mariadb');
  const refusal = canRefuse ? '' : ' (NOT tested: this server has no innodb_snapshot_isolation)';
  const statement = (transaction: Transaction, sql: string) =>
    Transaction.sessionOf(transaction).rows(sql, []);
  const lock = (transaction: Transaction, id: string) =>
    statement(transaction, `SELECT id FROM note WHERE id = '${id}' FOR UPDATE`);

  describe('a transaction that loses against another one is run again from its start', () => {
    beforeEach(async () => {
      await dataSource.query("INSERT INTO note (id) VALUES ('a'), ('b')");
    });

    it('after a deadlock', async () => {
      const bothHold = Promise.withResolvers<null>();
      let runs = 0;
      let holders = 0;
      const inOrder = (first: string, second: string) =>
        transactions.run(SCOPE, async (transaction) => {
          runs++;
          await lock(transaction, first);
          if (++holders === 2) bothHold.resolve(null);
          await bothHold.promise;
          await lock(transaction, second);
          await insert(transaction, `${first} then ${second}`);
        });

      await Promise.all([inOrder('a', 'b'), inOrder('b', 'a')]);

      expect(runs).toBe(3);
      expect(await idsSeenBy('master')).toEqual(['a', 'a then b', 'b', 'b then a']);
    });

    it('after a lock time-out', async () => {
      const holder = dataSource.createQueryRunner('master');
      await holder.startTransaction();
      await holder.query("SELECT id FROM note WHERE id = 'a' FOR UPDATE");
      let runs = 0;

      await transactions.run(SCOPE, async (transaction) => {
        if (++runs === 2) await holder.rollbackTransaction();
        await statement(transaction, `SET SESSION innodb_lock_wait_timeout = ${runs === 1 ? 1 : 5}`);
        await insert(transaction, `run ${runs}`);
        await lock(transaction, 'a');
      });
      await holder.release();

      expect(runs).toBe(2);
      expect(await idsSeenBy('master')).toEqual(['a', 'b', 'run 2']);
    });

    // MySQL, and MariaDB before 10.6.18, have no such refusal to lose against.
    (canRefuse ? it : it.skip)(`after a change behind its snapshot${refusal}`, async () => {
      let runs = 0;

      await transactions.run(SCOPE, async (transaction) => {
        await statement(
          transaction,
          `SET SESSION innodb_snapshot_isolation = ${++runs === 1 ? 'ON' : 'OFF'}`,
        );
        await statement(transaction, 'SELECT id FROM note');
        if (runs === 1) await dataSource.query("UPDATE note SET id = 'changed' WHERE id = 'a'");
        await insert(transaction, `run ${runs}`);
        await statement(transaction, "UPDATE note SET id = 'written' WHERE id IN ('a', 'changed')");
      });

      expect(runs).toBe(2);
      expect(await idsSeenBy('master')).toEqual(['b', 'run 2', 'written']);
    });
  });
}

describe('a query runner', () => {
  it('cannot be used after its release', async () => {
    const runner = dataSource.createQueryRunner('master');
    await runner.query('SELECT 1');
    await runner.release();
    await runner.release();

    await expect(runner.query('SELECT 1')).rejects.toThrow(QueryRunnerAlreadyReleasedError);
    await transactions.run(SCOPE, (transaction) => insert(transaction, 'a'));
    expect(await idsSeenBy('slave')).toEqual(['a']);
  });

  it('sees a changed table in a statement it has used before', async () => {
    await dataSource.query("INSERT INTO note (id) VALUES ('a')");
    const read = async (mode: 'master' | 'slave') => {
      const runner = dataSource.createQueryRunner(mode);
      const rows: unknown = await runner.query('SELECT * FROM note').finally(() => runner.release());
      return rows;
    };
    expect(await Promise.all([read('master'), read('slave')])).toEqual([[{ id: 'a' }], [{ id: 'a' }]]);

    await dataSource.query('ALTER TABLE note ADD COLUMN colour varchar(10) NULL');

    const changed = [{ id: 'a', colour: null }];
    expect(await Promise.all([read('master'), read('slave')])).toEqual([changed, changed]);
  });
});

if (testEngine === 'sqlite') {
  describe('the lease of the SQLite writer', () => {
    it('is not given back by one who only waits for it', async () => {
      const holder = dataSource.createQueryRunner('master');
      await holder.startTransaction();
      await holder.query("INSERT INTO note (id) VALUES ('held')");
      const waiter = dataSource.createQueryRunner('master');
      const waiting = waiter.query("INSERT INTO note (id) VALUES ('too late')");

      await waiter.release();
      await holder.query("INSERT INTO note (id) VALUES ('still held')");
      await holder.commitTransaction();
      await holder.release();

      await expect(waiting).rejects.toThrow(QueryRunnerAlreadyReleasedError);
      expect(await idsSeenBy('master')).toEqual(['held', 'still held']);
    });

    it('undoes what was left open', async () => {
      const runner = dataSource.createQueryRunner('master');
      await runner.startTransaction();
      await runner.query("INSERT INTO note (id) VALUES ('left open')");
      await runner.release();

      expect(await idsSeenBy('master')).toEqual([]);
    });

    it('waits for another process without standing still', async () => {
      const other = new Sqlite(databaseUrl.slice('sqlite:'.length));
      other.exec("BEGIN IMMEDIATE; INSERT INTO note (id) VALUES ('other')");
      let done = false;
      const write = transactions
        .run(SCOPE, (transaction) => insert(transaction, 'ours'))
        .then(() => (done = true));
      const alone = dataSource.query("INSERT INTO note (id) VALUES ('alone')");

      for (let n = 0; n < 3; n++) {
        expect((await ada.get('/conversations')).status).toBe(200);
        await sleep(10);
      }
      expect(done).toBe(false);
      other.exec('COMMIT');
      other.close();

      await Promise.all([write, alone]);
      expect(await idsSeenBy('slave')).toEqual(['alone', 'other', 'ours']);
    });

    it('is Unavailable when another process keeps the file', async () => {
      const other = new Sqlite(databaseUrl.slice('sqlite:'.length));
      other.exec('BEGIN IMMEDIATE');
      fakeTimeouts();

      const outcome = await whileTimePasses(
        transactions.run(SCOPE, (transaction) => insert(transaction, 'ours')),
      );
      other.close();

      expect(outcome).toEqual({ status: 'rejected', reason: expect.any(Unavailable) });
    });
  });
}
