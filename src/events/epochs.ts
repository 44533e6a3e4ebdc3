import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { EpochsRepository } from './epochs.repository.js';

/** Before the service listens: the feed of a replica that leaves no events has a gap, so its epoch ends. */
@Injectable()
export class Epochs implements OnApplicationBootstrap {
  constructor(
    private readonly epochs: EpochsRepository,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { mode } = this.config.events;
    if (mode === 'on') await this.epochs.begin();
    if (mode === 'off') await this.epochs.end();
  }
}
