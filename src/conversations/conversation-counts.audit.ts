import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';

/** A number that is not what it should be: how many conversations of a kind are counted, and how many there are. */
interface CountFault {
  tenant_id: string;
  agent_id: string;
  status: string;
  tenant_unit_id: string;
  counted: number | string;
  existing: number | string;
}

const FAULTS = `
  SELECT tenant_id, agent_id, status, tenant_unit_id, SUM(counted) AS counted, SUM(existing) AS existing
  FROM (
    SELECT tenant_id, agent_id, status, tenant_unit_id, total AS counted, 0 AS existing FROM conversation_count
    UNION ALL
    SELECT tenant_id, COALESCE(agent_id, ''), status, COALESCE(tenant_unit_id, ''), 0, 1 FROM conversation
  ) AS both_sides
  GROUP BY tenant_id, agent_id, status, tenant_unit_id
  HAVING SUM(counted) <> SUM(existing)`;

const COUNT = `
  SELECT agent_id, status, tenant_unit_id, COUNT(*) AS existing FROM conversation WHERE tenant_id = ?
  GROUP BY agent_id, status, tenant_unit_id`;
const INSERT =
  'INSERT INTO conversation_count (tenant_id, agent_id, status, tenant_unit_id, shard, total) VALUES ';
const ROWS_PER_INSERT = 1_000;

interface Counted {
  agent_id: string | null;
  status: string;
  tenant_unit_id: string | null;
  existing: number | string;
}

/** Compares the counters of all tenants with what there is; for the command line. */
@Injectable()
export class ConversationCountsAudit extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /** In one statement, so that writers in between make no fault. */
  faults(): Promise<CountFault[]> {
    return this.unbounded.query(FAULTS);
  }

  /** Counts the conversations of a tenant anew, while others that change their number wait. */
  async rebuild(tenantId: string): Promise<void> {
    await this.unbounded.transaction(async (manager) => {
      // First, so that what is counted next has all that was committed before the others began to wait.
      await manager.query('DELETE FROM conversation_count WHERE tenant_id = ?', [tenantId]);
      const counted: Counted[] = await manager.query(COUNT, [tenantId]);
      for (let from = 0; from < counted.length; from += ROWS_PER_INSERT) {
        const rows = counted.slice(from, from + ROWS_PER_INSERT);
        await manager.query(
          INSERT + rows.map(() => '(?, ?, ?, ?, 0, ?)').join(', '),
          rows.flatMap(({ agent_id: agent, status, tenant_unit_id: unit, existing }) => [
            tenantId,
            agent ?? '',
            status,
            unit ?? '',
            Number(existing),
          ]),
        );
      }
    });
  }
}
