import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyCleanUp } from './idempotency-clean-up.js';
import { IdempotencyRecord } from './idempotency-record.entity.js';
import { ExpiredIdempotencyRecords, IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([IdempotencyRecord])],
  providers: [IdempotencyRepository, ExpiredIdempotencyRecords, IdempotencyCleanUp, IdempotencyService],
  exports: [IdempotencyService],
})
export class IdempotencyModule {}
