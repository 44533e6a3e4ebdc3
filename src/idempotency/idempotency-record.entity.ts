import { Entity, Index } from 'typeorm';
import {
  BytesColumn,
  CountColumn,
  IdColumn,
  KeyColumn,
  LongTextColumn,
  TimeColumn,
} from '../database/schema/columns.js';

/** The answer that a request with an Idempotency-Key got. */
@Entity('idempotency_record')
@Index('idempotency_record_by_expiry', ['expiresTime'])
export class IdempotencyRecord {
  @KeyColumn() tenantId: string;
  /** Digest of the credential and the key. */
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** Digest of the request. */
  @IdColumn() fingerprint: string;
  @CountColumn() status: number;
  /** JSON text: the headers that belong to the answer. */
  @LongTextColumn() headers: string;
  /** The body, deflated (RFC 1951). */
  @BytesColumn() body: Buffer;
  @TimeColumn() expiresTime: Date;
}
