import { Module } from '@nestjs/common';
import { Health } from './health.js';
import { Metrics } from './metrics.js';
import { OperationsRoutes } from './operations.routes.js';
import { ProblemsController } from './problems.controller.js';

@Module({
  controllers: [ProblemsController],
  providers: [Health, Metrics, OperationsRoutes],
  exports: [Health, Metrics, OperationsRoutes],
})
export class OperationsModule {}
