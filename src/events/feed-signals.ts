import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Tells that the feed of a tenant goes further. A hint: who must not miss it looks as well. */
@Injectable()
export class FeedSignals {
  /** Whether it is heard here what other replicas publish. */
  isShared = false;
  readonly #emitter = new EventEmitter();

  /** This process has published. */
  notify(tenantId: string): void {
    this.hear(tenantId);
    this.#emitter.emit('published', tenantId);
  }

  /** Somebody has published. */
  hear(tenantId: string): void {
    this.#emitter.emit('further', tenantId);
  }

  onPublished(listener: (tenantId: string) => void): void {
    this.#emitter.on('published', listener);
  }

  onFurther(listener: (tenantId: string) => void): void {
    this.#emitter.on('further', listener);
  }
}
