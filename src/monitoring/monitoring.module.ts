import { Module } from '@nestjs/common';
import { AboutController } from './about.controller.js';
import { Health } from './health.js';
import { Metrics } from './metrics.js';
import { MonitoringRoutes } from './monitoring.routes.js';

@Module({
  controllers: [AboutController],
  providers: [Health, Metrics, MonitoringRoutes],
  exports: [Health, Metrics, MonitoringRoutes],
})
export class MonitoringModule {}
