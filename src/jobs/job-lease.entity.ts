import { Entity } from 'typeorm';
import { IdColumn, KeyColumn, TimeColumn } from '../database/schema/columns.js';

/** Which replica does a job that only one does, and until when by the clock of the database. */
@Entity('job_lease')
export class JobLease {
  @KeyColumn() id: string;
  @IdColumn() holderId: string;
  @TimeColumn() heldUntil: Date;
}
