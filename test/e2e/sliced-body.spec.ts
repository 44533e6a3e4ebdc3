import { connect } from 'node:net';
import { Controller, Get, HttpCode, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { jsonOf } from '../../src/common/json/json-body.js';
import { slicedBody, watchSlicedBodies } from '../../src/http/sliced-body.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const made = { slices: 0, ended: 0 };

async function* slices(count: number, bytes: number, failsAt = Infinity) {
  try {
    for (let n = 0; n < count; n++) {
      made.slices++;
      if (n === failsAt) throw new Error('It went away.');
      await Promise.resolve();
      yield JSON.stringify('x'.repeat(bytes));
    }
  } finally {
    made.ended++;
  }
}

@Controller()
class Answers {
  @Get('small')
  small() {
    return slicedBody(slices(3, 10));
  }
  @Get('large')
  @HttpCode(200)
  large() {
    return slicedBody(slices(50, MIB));
  }
  @Get('early')
  early() {
    return slicedBody(slices(3, 10, 1));
  }
  @Get('late')
  late() {
    return slicedBody(slices(10, MIB, 5));
  }
}

@Module({ controllers: [Answers] })
class Sliced {}

describe('an answer in slices', () => {
  let app: NestFastifyApplication;
  let url: string;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(Sliced, new FastifyAdapter(), { logger: false });
    const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
    fastify.setReplySerializer(jsonOf);
    watchSlicedBodies(fastify);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('is one of any other kind while it is small', async () => {
    const answer = await fetch(`${url}/small`);

    expect(answer.headers.get('content-length')).toBe('36');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('is complete however large, and without a length', async () => {
    const answer = await fetch(`${url}/large`);

    expect(answer.headers.get('content-length')).toBeNull();
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect((await answer.arrayBuffer()).byteLength).toBe(50 * (MIB + 2));
  });

  it('waits for a client that does not read, and ends with it', async () => {
    made.slices = made.ended = 0;
    const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
    socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('it has begun', () => made.slices > 1);
    await new Promise((resolve) => setTimeout(resolve, 200));

    expect(made.slices).toBeLessThan(20);

    socket.destroy();
    await until('it has ended', () => made.ended === 1);
  });

  it('is a problem when it fails early, and breaks off when it fails late', async () => {
    expect((await fetch(`${url}/early`)).status).toBe(500);
    const late = await fetch(`${url}/late`);
    expect(late.status).toBe(200);
    await expect(late.arrayBuffer()).rejects.toThrow();
  });

  it('has no body for a HEAD, and no length', async () => {
    made.slices = 0;
    const answer = await fetch(`${url}/large`, { method: 'HEAD' });

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, null]);
    expect(made.slices).toBeLessThan(5);
  });
});
