import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { TracesConfig } from '../config/app-config.js';

/** What waits is sent at the end of the process, but a collector that does not answer must not hold it. */
const LAST_TRACES_TIMEOUT_MS = 2_000;

/**
 * From now on spans are kept and sent by OTLP (HTTP, protobuf), in batches and in the background: a collector that is away
 * costs the spans, and no request. The exporter reads OTEL_EXPORTER_OTLP_HEADERS and its like itself, the resource is
 * OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. Returns what sends the last ones.
 */
// ts-unused-exports:disable-next-line
export function exportTraces(
  { endpoint, ratio }: TracesConfig,
  version: string,
  logger: Logger,
): () => Promise<void> {
  const url = `${endpoint.href.replace(/\/$/, '')}/v1/traces`;
  const exporter = new WatchedExporter(new OTLPTraceExporter({ url }), logger);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'colloquy', 'service.version': version }).merge(
      detectResources({ detectors: [serviceNameEnvDetector, resourceAttributesEnvDetector] }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  return async () => {
    await Promise.race([provider.shutdown(), sleep(LAST_TRACES_TIMEOUT_MS, undefined, { ref: false })]);
  };
}

/** Says in the log when spans can no longer be sent, and when they can again; once each. */
class WatchedExporter implements SpanExporter {
  #fails = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.exporter.export(spans, (result) => {
      const fails = result.code === ExportResultCode.FAILED;
      if (fails && !this.#fails) this.logger.warn({ err: result.error }, 'Traces cannot be sent.');
      if (!fails && this.#fails) this.logger.info('Traces can be sent again.');
      this.#fails = fails;
      done(result);
    });
  }

  async shutdown(): Promise<void> {
    await this.exporter.shutdown();
  }
}
