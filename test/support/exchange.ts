import { connect } from 'node:net';

interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

/** Writes bytes to the server as they are, all of them, and resolves with its answer. */
export function exchange(baseUrl: string, ...parts: readonly (string | Buffer)[]): Promise<RawAnswer> {
  const { port, hostname } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: hostname });
    let received = Buffer.alloc(0);
    let isSent = false;
    const settle = () => {
      const answer = isSent ? completeAnswer(received, String(parts[0])) : undefined;
      if (!answer) return;
      resolve(answer);
      socket.destroy();
    };
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      settle();
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`The server hung up after: ${received.toString()}`)));
    for (const part of parts.slice(0, -1)) socket.write(part);
    socket.write(parts.at(-1) ?? '', () => {
      isSent = true;
      settle();
    });
  });
}

/** The answer, when all of it has come. */
function completeAnswer(received: Buffer, request: string): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = received.subarray(end + 4);
  const isComplete = request.startsWith('HEAD ') || body.length >= Number(headers['content-length'] ?? 0);
  if (!isComplete) return undefined;
  return { status: Number(statusLine.split(' ')[1]), headers, text: body.toString() };
}
