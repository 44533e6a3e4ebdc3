import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, LessThan } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { SERVICE } from '../identity/service-principal.js';
import { TenantScope } from '../identity/tenant-scope.js';
import { DeletedConversation } from './deleted-conversation.entity.js';

/** Which deleted conversation of all tenants is to be worked on next. All work on it is scoped again. */
@Injectable()
export class DeletedConversationsQueue extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /** A conversation that no replica works on at `time`, and the scope it belongs to. */
  async findUnclaimed(time: Date): Promise<{ scope: TenantScope; conversation: DeletedConversation } | null> {
    const conversation = await this.look((manager) =>
      manager.findOne(DeletedConversation, {
        where: { claimedUntil: LessThan(time) },
        order: { claimedUntil: 'ASC' },
      }),
    );
    return conversation && { scope: TenantScope.grant(conversation.tenantId, null, SERVICE), conversation };
  }
}
