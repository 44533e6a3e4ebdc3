import { Module } from '@nestjs/common';
import { Health } from './health.js';
import { Metrics } from './metrics.js';
import { MonitoringRoutes } from './monitoring.routes.js';

@Module({
  providers: [Health, Metrics, MonitoringRoutes],
  exports: [Health, Metrics, MonitoringRoutes],
})
export class MonitoringModule {}
