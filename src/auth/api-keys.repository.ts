import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, Repository } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { ApiKey } from './api-key.entity.js';

/** API keys belong to the service and not to a tenant: they are what says which tenant a request acts for. */
@Injectable()
export class ApiKeysRepository extends AcrossTenantsRepository {
  constructor(@InjectRepository(ApiKey) private readonly apiKeys: Repository<ApiKey>) {
    super(apiKeys.manager.dataSource);
  }

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

  /** The keys that have one of these hashes, in no order. */
  listByHashes(hashes: readonly string[]): Promise<ApiKey[]> {
    return this.look((manager) => manager.findBy(ApiKey, { keyHash: In(hashes) }));
  }
}
