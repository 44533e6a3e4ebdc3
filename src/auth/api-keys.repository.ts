import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { unscoped } from '../database/sql/transactions.js';
import { ApiKey } from './api-key.entity.js';

/** API keys belong to the service and not to a tenant: they are what says which tenant a request acts for. */
@Injectable()
export class ApiKeysRepository {
  constructor(@InjectRepository(ApiKey) private readonly apiKeys: Repository<ApiKey>) {}

  async add(apiKey: ApiKey): Promise<void> {
    await this.apiKeys.insert(apiKey);
  }

  listAll(): Promise<ApiKey[]> {
    return this.apiKeys.find({ order: { id: 'ASC' } });
  }

  /** False when there is no such key, or it was revoked before. */
  async revoke(id: string, revokedTime: Date): Promise<boolean> {
    const { affected } = await this.apiKeys.update({ id, revokedTime: IsNull() }, { revokedTime });
    return affected === 1;
  }

  findByHash(keyHash: string): Promise<ApiKey | null> {
    return unscoped(this.apiKeys.manager.dataSource, 'slave', (manager) =>
      manager.findOneBy(ApiKey, { keyHash }),
    );
  }
}
