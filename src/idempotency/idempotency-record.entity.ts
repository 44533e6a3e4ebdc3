import { Entity, Index } from 'typeorm';
import {
  BytesColumn,
  CountColumn,
  IdColumn,
  KeyColumn,
  LongTextColumn,
  TimeColumn,
} from '../database/schema/columns.js';

/** What a request with an Idempotency-Key did. */
@Entity('idempotency_record')
@Index('idempotency_record_by_expiry', ['expiresTime'])
export class IdempotencyRecord {
  @KeyColumn() tenantId: string;
  /** Digest of the credential and the key. */
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** Digest of the request. */
  @IdColumn() fingerprint: string;
  /** 201 where something was made, else 200. */
  @CountColumn() status: number;
  /** What was written (see Done); null in a row of the release before, which kept a body. */
  @IdColumn({ nullable: true }) doneId: string | null;
  /** Of its messages, as `rangesOf` writes them. */
  @LongTextColumn({ nullable: true }) doneSequences: string | null;
  /** Of the release before, which may still write beside this one; empty now. */
  @LongTextColumn() headers: string;
  /** As `headers`. */
  @BytesColumn() body: Buffer;
  @TimeColumn() expiresTime: Date;
}
