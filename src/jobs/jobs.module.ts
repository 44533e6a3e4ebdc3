import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FileErasure } from './file-erasure.js';
import { JobLease } from './job-lease.entity.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { JobRunner } from './job-runner.js';

@Global()
@Module({
  imports: [DiscoveryModule, TypeOrmModule.forFeature([JobLease])],
  providers: [JobRunner, JobLeasesRepository, FileErasure],
  exports: [JobRunner, FileErasure],
})
export class JobsModule {}
