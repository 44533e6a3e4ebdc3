import { DiscoveryService } from '@nestjs/core';

interface JobOptions {
  name: string;
  everyMs: number;
  /** `one` replica at a time does it, which holds a lease; or `all` do and claim what they work on. */
  replicas: 'one' | 'all';
  /** How soon it is done again while there is more to do. */
  againMs?: number;
}

/** Class decorator: periodic work of the service, which the JobRunner does. The class is PeriodicWork. */
export const Job = DiscoveryService.createDecorator<JobOptions>();

export interface PeriodicWork {
  /** Works for a short time, shorter still where `signal` is aborted. True: there is more to do. */
  run(signal: AbortSignal): Promise<boolean>;
}
