import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** Aborted when the service stops: whoever waits is answered before its connection is closed. */
@Injectable()
export class StoppingSignal implements BeforeApplicationShutdown {
  readonly #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  beforeApplicationShutdown(): void {
    this.#controller.abort();
  }
}
