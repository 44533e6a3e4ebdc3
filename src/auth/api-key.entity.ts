import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { IdColumn, TextColumn, TimeColumn } from '../database/schema/columns.js';

/** What is kept of an API key: never the key itself. */
@Entity('api_key')
@Index('api_key_by_hash', ['keyHash'], { unique: true })
export class ApiKey {
  @PrimaryColumn({ type: 'varchar', length: 64 }) id: string;
  /** SHA-256 of the key, in hex. */
  @Column({ type: 'varchar', length: 64 }) keyHash: string;
  @TextColumn(255) name: string;
  /** Null: bound to no tenant. */
  @IdColumn({ nullable: true }) tenantId: string | null;
  /** Null: all units of the tenant. */
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** Separated by spaces. */
  @TextColumn(255) scopes: string;
  @TimeColumn() createdTime: Date;
  @TimeColumn({ nullable: true }) expiresTime: Date | null;
  @TimeColumn({ nullable: true }) revokedTime: Date | null;
}
