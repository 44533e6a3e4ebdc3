import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { freePort } from '../../support/machine.js';

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  durationMs: number;
  attributes: Record<string, unknown>;
  status: number;
  resource: Record<string, unknown>;
}

/** A collector that takes spans by OTLP over HTTP in protobuf, and keeps them. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly contentTypes = new Set<string>();
  #server: Server | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<Collector> {
    const collector = new Collector(await freePort());
    await collector.listen();
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.contentTypes.add(`${request.method} ${request.url} ${request.headers['content-type']}`);
      void buffer(request).then((body) => {
        this.spans.push(...spansIn(body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

// opentelemetry/proto/collector/trace/v1/trace_service.proto and trace.proto, as far as it is needed.

function spansIn(request: Buffer): ReceivedSpan[] {
  return messages(request, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => ({
        traceId: bytes(span, 1).toString('hex'),
        spanId: bytes(span, 2).toString('hex'),
        parentSpanId: bytes(span, 4).toString('hex'),
        name: bytes(span, 5).toString(),
        kind: Number(number(span, 6)),
        durationMs: Number(number(span, 8) - number(span, 7)) / 1e6,
        attributes: attributesOf(span, 9),
        status: Number(number(bytes(span, 15), 3)),
        resource,
      }));
  });
}

/** KeyValue { key: 1, value: 2 }, AnyValue { string: 1, int: 3 }. */
const attributesOf = (message: Buffer, field: number): Record<string, unknown> =>
  Object.fromEntries(
    messages(message, field).map((pair) => {
      const value = bytes(pair, 2);
      const isText = fieldsOf(value).some(({ field }) => field === 1);
      return [bytes(pair, 1).toString(), isText ? bytes(value, 1).toString() : Number(number(value, 3))];
    }),
  );

interface Field {
  field: number;
  value: bigint | Buffer;
}

const messages = (message: Buffer, field: number): Buffer[] =>
  fieldsOf(message).flatMap((found) =>
    found.field === field && Buffer.isBuffer(found.value) ? [found.value] : [],
  );

const bytes = (message: Buffer, field: number): Buffer => messages(message, field).at(-1) ?? Buffer.alloc(0);

const number = (message: Buffer, field: number): bigint => {
  const found = fieldsOf(message).find((candidate) => candidate.field === field);
  return typeof found?.value === 'bigint' ? found.value : 0n;
};

/** The wire format of protobuf: a tag with the number of the field and how its value is written, then the value. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(offset++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < message.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ field, value: varint() });
        break;
      case 1:
        fields.push({ field, value: message.readBigUInt64LE(offset) });
        offset += 8;
        break;
      case 2: {
        const length = Number(varint());
        fields.push({ field, value: message.subarray(offset, offset + length) });
        offset += length;
        break;
      }
      case 5:
        fields.push({ field, value: BigInt(message.readUInt32LE(offset)) });
        offset += 4;
        break;
      default:
        throw new Error(`No wire type ${tag & 7}.`);
    }
  }
  return fields;
}
