import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import Fastify, { type FastifyHttpOptions, type FastifyInstance, type RawServerDefault } from 'fastify';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { answerFailure } from './http/problem-details.filter.js';
import { boundConnections } from './http/connections.js';
import { answerClientError } from './http/client-error.js';
import { answerOtherMethods, methodsByPath } from './http/method-not-allowed.js';
import { jsonOf } from './common/json/json-body.js';
import { decorateRequests } from './http/request.js';
import { admitLocalOnly } from './http/local-only.js';
import { isLoopback } from './common/loopback.js';
import { requestIdOf } from './http/request-id.js';
import { allowOrigins } from './http/cors.js';
import { tellPublicUrl } from './http/public-url.js';
import { SECURITY_HEADERS } from './http/security-headers.js';
import { watchSlicedBodies } from './http/sliced-body.js';
import { sendResourceHeaders } from './http/resource-headers.js';
import { answerUnroutable } from './http/unroutable.js';
import { drainUnreadBodies } from './http/unread-body.js';
import { answerUnusualRequests, originForm } from './http/unusual-requests.js';
import { APP_CONFIG, type AppConfig } from './config/app-config.js';
import { serveDocs } from './docs/docs.routes.js';
import { openApiDocument } from './openapi.js';
import { Health } from './monitoring/health.js';
import { NestLogger } from './monitoring/logger.js';
import { Metrics } from './monitoring/metrics.js';
import { sendOutcome } from './idempotency/outcome-headers.js';
import { MonitoringRoutes } from './monitoring/monitoring.routes.js';
import { logRequests } from './monitoring/request-log.js';
import { traceRequests } from './monitoring/traces.js';
import { endConnectionsWhenStopping } from './monitoring/stopping.js';

/** How long a request may take to arrive: with its body, and its headers alone. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTION_CHECK_INTERVAL_MS = 2_000;
const MAX_PARAMETER_LENGTH = 8 * 1024;

/** Of every server: failures before any route are answered like all others, and nothing waits for ever. */
const HTTP_OPTIONS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  http: {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTION_CHECK_INTERVAL_MS,
    requireHostHeader: false, // it is asked for where the answer is a problem
  },
  rewriteUrl: originForm,
  forceCloseConnections: 'idle',
  return503OnClosing: false,
  routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
  genReqId: requestIdOf,
  clientErrorHandler: answerClientError,
  frameworkErrors: answerUnroutable,
} satisfies FastifyHttpOptions<RawServerDefault>;

/** The whole service, initialised but not listening: what `main` starts and what the tests send requests to. */
export async function createApp(config: AppConfig, logger: Logger): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config),
    new FastifyAdapter(HTTP_OPTIONS),
    { bodyParser: false, logger: new NestLogger(logger), abortOnError: false },
  );
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  boundConnections(fastify.server);
  const methods = methodsByPath(fastify);
  decorateRequests(fastify);
  drainUnreadBodies(fastify);
  sendCommonHeaders(fastify);
  tellPublicUrl(fastify, config.http.publicUrl);
  traceRequests(fastify, app.get(DataSource));
  logRequests(fastify, logger, app.get(Metrics));
  endConnectionsWhenStopping(fastify, app.get(Health));
  fastify.setReplySerializer(jsonOf);
  sendResourceHeaders(fastify);
  watchSlicedBodies(fastify);
  sendOutcome(fastify);
  answerUnusualRequests(fastify);
  admitLocalOnlyInDevelopment(fastify, config);
  allowOrigins(fastify, config.http.corsOrigins);
  if (config.http.swagger) serveDocs(fastify, () => openApiDocument(app, config.http.publicUrl));
  if (config.http.metricsPort === undefined) app.get(MonitoringRoutes).register(fastify);
  try {
    await app.init();
  } catch (error) {
    await app.close(); // jobs that were begun would keep the process
    throw error;
  }
  answerOtherMethods(fastify, methods);
  return app;
}

/** A server of its own for health and metrics, when they have a port of their own. */
export function createMonitoringServer(app: NestFastifyApplication): FastifyInstance {
  const server = Fastify(HTTP_OPTIONS);
  boundConnections(server.server);
  const methods = methodsByPath(server);
  sendCommonHeaders(server);
  const config = app.get<AppConfig>(APP_CONFIG);
  tellPublicUrl(server, config.http.publicUrl);
  answerUnusualRequests(server);
  admitLocalOnlyInDevelopment(server, config);
  server.setErrorHandler(answerFailure);
  app.get(MonitoringRoutes).register(server);
  answerOtherMethods(server, methods);
  return server;
}

function admitLocalOnlyInDevelopment(fastify: FastifyInstance, { auth, http }: AppConfig): void {
  if (auth.developmentTenantId !== undefined && isLoopback(http.host))
    admitLocalOnly(fastify, http.corsOrigins);
}

function sendCommonHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
    done();
  });
}
