import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { FastifyInstance } from 'fastify';
import { DataSource } from 'typeorm';
import { poolStates } from '../database/engines/pool-states.js';
import { DomainError } from '../common/errors/domain-error.js';
import { sendProblem } from '../http/problem-details.filter.js';
import { Health } from './health.js';
import { Metrics } from './metrics.js';

/**
 * `/healthz`, `/readyz` and `/metrics`: for the platform, without a credential. Plain routes and no controller,
 * because they can also be served on a port of their own.
 */
@Injectable()
export class MonitoringRoutes {
  #beingMade: Promise<string> | undefined;

  constructor(
    private readonly health: Health,
    private readonly metrics: Metrics,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  register(fastify: FastifyInstance): void {
    fastify.get('/healthz', () => ({ status: 'ok' }));

    fastify.get('/readyz', async (request, reply) => {
      try {
        await this.health.assertReady();
        return { status: 'ok' };
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        sendProblem(request, reply, error);
        return reply;
      }
    });

    fastify.get('/metrics', async (_request, reply) => {
      return reply.type(this.metrics.registry.contentType).send(await this.#currentMetrics());
    });
  }

  /** Made once for all who ask at the same time. */
  #currentMetrics(): Promise<string> {
    this.#beingMade ??= this.#makeMetrics().finally(() => (this.#beingMade = undefined));
    return this.#beingMade;
  }

  async #makeMetrics(): Promise<string> {
    await nextTurn();
    this.metrics.pool(poolStates(this.dataSource));
    return this.metrics.registry.metrics();
  }
}
