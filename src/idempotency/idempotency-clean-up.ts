import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { ExpiredIdempotencyRecords } from './idempotency.repository.js';

const RECORDS_PER_RUN = 500;

/** Removes the records of keys that have had their time. */
@Injectable()
@Job({ name: 'idempotency-clean-up', everyMs: 60_000, replicas: 'one' })
export class IdempotencyCleanUp implements PeriodicWork {
  constructor(private readonly expired: ExpiredIdempotencyRecords) {}

  run(): Promise<boolean> {
    return this.expired.remove(now(), RECORDS_PER_RUN);
  }
}
