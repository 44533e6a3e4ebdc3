import {
  type Attributes,
  context,
  type Context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { FastifyInstance } from 'fastify';
import type {
  AfterQueryEvent,
  BeforeQueryEvent,
  DataSource,
  EntitySubscriberInterface,
  QueryRunner,
} from 'typeorm';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of the request, and what is done within it; undefined where it is in no trace. */
    traced: { readonly span: Span; readonly context: Context } | undefined;
  }
}

/** What platforms ask for every few seconds. */
const NOT_TRACED = new Set(['/healthz', '/readyz', '/metrics']);
const MAX_QUERY_LENGTH = 2_000;

const tracer = trace.getTracer('colloquy');

/** For a line of the log: the span within which it is written. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const active = trace.getActiveSpan()?.spanContext();
  return active ? { trace_id: active.traceId, span_id: active.spanId } : {};
}

/**
 * A span for each request, within the trace that the client names (`traceparent`, W3C Trace Context), and within it one
 * for each round trip to the database. Names and attributes are OpenTelemetry's semantic conventions for HTTP servers.
 * Where spans are not exported nothing is made of them: the client's trace is named in the log, and handed on.
 */
export function traceRequests(fastify: FastifyInstance, dataSource: DataSource): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  fastify.decorateRequest('traced');
  fastify.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route !== undefined && NOT_TRACED.has(route)) return done();
    const { method, headers, id } = request;
    const attributes: Attributes = {
      'http.request.method': method,
      ...(route !== undefined && { 'http.route': route }),
      'colloquy.request_id': id,
    };
    const parent = propagation.extract(context.active(), headers);
    const name = route === undefined ? method : `${method} ${route}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    if (!isSpanContextValid(span.spanContext())) return done(); // spans are not exported, and the client names none
    request.traced = { span, context: trace.setSpan(parent, span) };
    context.with(request.traced.context, done);
  });
  // What reads a body goes on where the socket's data arrive, which is outside.
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (request.traced) context.with(request.traced.context, done);
    else done();
  });
  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const span = request.traced?.span;
    span?.setAttribute('http.response.status_code', statusCode);
    if (request.scope) span?.setAttribute('colloquy.tenant_id', request.scope.tenantId);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
  dataSource.subscribers.push(new QuerySpans(dataSource.options.type));
}

/** A span for each round trip of a request: a text may hold several statements. Its parameters are not in it. */
class QuerySpans implements EntitySubscriberInterface {
  readonly #spans = new WeakMap<QueryRunner, Span>();

  constructor(private readonly system: string) {}

  beforeQuery({ query, queryRunner }: BeforeQueryEvent): void {
    // The jobs' own looks for work, each second, would be noise.
    if (!trace.getActiveSpan()) return;
    const attributes = {
      'db.system.name': this.system === 'better-sqlite3' ? 'sqlite' : this.system,
      'db.query.text': query.slice(0, MAX_QUERY_LENGTH),
    };
    this.#spans.set(
      queryRunner,
      tracer.startSpan(operationsIn(query), { kind: SpanKind.CLIENT, attributes }),
    );
  }

  afterQuery({ queryRunner, success }: AfterQueryEvent): void {
    const span = this.#spans.get(queryRunner);
    this.#spans.delete(queryRunner);
    if (!success) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  }
}

/** `INSERT; COMMIT`: what the statements of a text begin with. */
const operationsIn = (text: string): string =>
  text
    .split('; ')
    .map((statement) => /^\w+/.exec(statement)?.[0].toUpperCase() ?? '?')
    .join('; ');
