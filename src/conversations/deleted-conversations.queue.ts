import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { unscoped } from '../database/sql/transactions.js';
import { TenantScope } from '../identity/tenant-scope.js';
import { DeletedConversation } from './deleted-conversation.entity.js';

/** Who the service itself is, in work that no request asked for. */
const SERVICE = {
  credentialId: 'service',
  id: 'colloquy',
  name: null,
  role: null,
  userId: null,
  tenantId: null,
  tenantUnitId: null,
  scopes: new Set([]),
} as const;

/** One of two looks across tenants: which deleted conversation is to be worked on next. All work on it is scoped again. */
@Injectable()
export class DeletedConversationsQueue {
  constructor(
    @InjectRepository(DeletedConversation) private readonly queue: Repository<DeletedConversation>,
  ) {}

  /** A conversation that no replica works on at `time`, and the scope it belongs to. */
  async findUnclaimed(time: Date): Promise<{ scope: TenantScope; conversation: DeletedConversation } | null> {
    const conversation = await unscoped(this.queue.manager.dataSource, 'slave', (manager) =>
      manager.findOne(DeletedConversation, {
        where: { claimedUntil: LessThan(time) },
        order: { claimedUntil: 'ASC' },
      }),
    );
    return conversation && { scope: TenantScope.grant(conversation.tenantId, null, SERVICE), conversation };
  }
}
