import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, LessThanOrEqual, Repository } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { IdempotencyRecord } from './idempotency-record.entity.js';

@Injectable()
export class IdempotencyRepository extends TenantScopedRepository<IdempotencyRecord> {
  constructor(@InjectRepository(IdempotencyRecord) repository: Repository<IdempotencyRecord>) {
    super(repository);
  }

  async findById(scope: TenantScope, id: string): Promise<IdempotencyRecord | null> {
    const [record] = await this.select(scope, { where: 'id = ?', parameters: [id] });
    return record ?? null;
  }

  /** Whether there is a record of this id, looked up when nobody can be about to add it. */
  async isKept(scope: TenantScope, transaction: Transaction, id: string): Promise<boolean> {
    const records = await this.selectLockedIn(scope, transaction, { where: 'id = ?', parameters: [id] });
    return records.length > 0;
  }

  /** False when there is a record of this id already. */
  add(
    scope: TenantScope,
    transaction: Transaction,
    record: Omit<IdempotencyRecord, 'tenantId'>,
  ): Promise<boolean> {
    return this.insertUniqueIn(scope, transaction, record);
  }

  async removeExpired(scope: TenantScope, transaction: Transaction, id: string, time: Date): Promise<void> {
    await this.deleteIn(scope, transaction, {
      where: 'id = ? AND expires_time <= ?',
      parameters: [id, time],
    });
  }
}

/** Which records of all tenants have had their time. */
@Injectable()
export class ExpiredIdempotencyRecords extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /** Removes records that expired before `time`, about `limit` of them; true when there may be more. */
  remove(time: Date, limit: number): Promise<boolean> {
    return this.write(async (manager) => {
      const [last] = await manager.find(IdempotencyRecord, {
        select: { tenantId: true, id: true, expiresTime: true },
        where: { expiresTime: LessThanOrEqual(time) },
        order: { expiresTime: 'ASC' },
        skip: limit - 1,
        take: 1,
      });
      await manager.delete(IdempotencyRecord, {
        expiresTime: LessThanOrEqual(last?.expiresTime ?? time),
      });
      return last !== undefined;
    });
  }
}
