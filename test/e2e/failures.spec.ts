import { Controller, Get, Module, Param, Post } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '../../src/common/errors/domain-error.js';
import { PROBLEMS } from '../../src/common/errors/problems.js';
import { FailuresAs, ProblemDetailsFilter, type SendFailure } from '../../src/http/problem-details.filter.js';

const asOfAnotherApi: SendFailure = (_request, reply, { code, message }) =>
  void reply.code(PROBLEMS[code].status).send({ error: { code, message } });

@FailuresAs(asOfAnotherApi)
@Controller('v1/things')
class ThingsOfAnotherApi {
  @Get(':id')
  get(@Param('id') id: string) {
    if (id === 'broken') throw new Error('A fault.');
    throw new DomainError('message_not_found', 'There is none.');
  }
}

@Controller('admin/api/v2/things')
class Things {
  @Post()
  create() {
    throw new DomainError('message_not_found', 'There is none.');
  }
}

class Closed {
  canActivate(context: { getClass: () => unknown }) {
    if (context.getClass() === Things) return true;
    throw new DomainError('unauthenticated', 'A credential is needed.');
  }
}

@Module({
  controllers: [ThingsOfAnotherApi, Things],
  providers: [
    { provide: APP_GUARD, useClass: Closed },
    { provide: APP_FILTER, useClass: ProblemDetailsFilter },
  ],
})
class TwoApis {}

describe('a part of the API with failures of its own form', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(TwoApis, new FastifyAdapter(), { logger: false });
    await app.init();
  });
  afterAll(() => app.close());

  it('answers what a guard refuses as it answers all else, and leaves the others alone', async () => {
    const refused = await app.inject('/v1/things/1');
    const problem = await app.inject({ method: 'POST', url: '/admin/api/v2/things' });

    expect([refused.statusCode, refused.json()]).toEqual([
      401,
      { error: { code: 'unauthenticated', message: 'A credential is needed.' } },
    ]);
    expect(problem.headers['content-type']).toBe('application/problem+json');
    expect(problem.json()).toMatchObject({ code: 'message_not_found', status: 404 });
  });
});
