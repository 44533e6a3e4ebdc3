import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Tells within this process that the feed of a tenant goes further. A hint: who must not miss it looks as well. */
@Injectable()
export class FeedSignals {
  readonly #emitter = new EventEmitter();

  notify(tenantId: string): void {
    this.#emitter.emit('further', tenantId);
  }

  onFurther(listener: (tenantId: string) => void): void {
    this.#emitter.on('further', listener);
  }
}
