// Attacks a service for some seconds, from a process of its own: `node attacks.mjs <attack> <url> <seconds>`, with the
// attacker's TOKEN and CONVERSATION in the environment. Prints how often it was answered with which status. It is started
// with the lowest priority: an attacker does not sit on the service's machine, and is not to take its processor from it.
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , attack = '', url = '', seconds = '5'] = process.argv;
const { TOKEN = '', CONVERSATION = '' } = process.env;
const { hostname, port } = new URL(url);
const BASE = '/admin/api/v2';
const MESSAGES = `${BASE}/conversations/${CONVERSATION}/messages`;
const NOWHERE = `${BASE}/conversations/019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a/messages/batch`;
const MIB = 1024 * 1024;
const AUTHORIZATION = `Authorization: Bearer ${TOKEN}\r\n`;
const end = Date.now() + Number(seconds) * 1000;
const isOver = () => Date.now() > end;

const statuses = {};
const count = (status) => (statuses[status] = (statuses[status] ?? 0) + 1);

/** A connection that counts the answers that come, unless it does not read. */
function open({ reads = true } = {}) {
  const socket = connect({ host: hostname, port: Number(port) });
  let answered = () => undefined;
  let rest = '';
  socket.on('error', () => undefined);
  socket.once('close', () => answered());
  if (reads)
    socket.on('data', (chunk) => {
      const text = rest + chunk.toString('latin1');
      for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        count(status);
        answered();
      }
      rest = text.slice(-11).replace(/^.*HTTP\/1\.1 \d{3} /s, '');
    });
  else socket.pause();
  return {
    socket,
    /** Sends, and waits for the begin of an answer, or the end of the connection. */
    ask: (bytes) =>
      new Promise((resolve) => {
        answered = resolve;
        socket.write(bytes);
      }),
  };
}

const get = (path, headers = AUTHORIZATION) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
const head = (path, length, headers = AUTHORIZATION) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const post = (path, body, headers) => Buffer.concat([Buffer.from(head(path, body.length, headers)), body]);

const many = (count, work) => Promise.all(Array.from({ length: count }, (_, n) => work(n)));

/** Sends one request after the other, over a new connection where the last was closed. */
async function repeat(request) {
  while (!isOver()) {
    const { socket, ask } = open();
    while (!isOver() && !socket.destroyed) await Promise.race([ask(request), sleep(2_000)]);
    socket.destroy();
  }
}

/** Opens connections that send and never read, and keeps them until the time is over. */
async function hold(connections, bytes) {
  const open_ = await many(connections, (n) => {
    const { socket } = open({ reads: false });
    socket.write(typeof bytes === 'function' ? bytes(n) : bytes);
    return socket;
  });
  while (!isOver()) await sleep(100);
  for (const socket of open_) socket.destroy();
}

const filled = (begin, unit, bytes) => Buffer.from(begin + unit.repeat(Math.floor(bytes / unit.length)));
const BOMBS = [
  filled('[1e0', ',[0]', 8 * MIB),
  filled('', '[', 4 * MIB),
  filled('{"a":1', ',"a":1', 2 * MIB),
  filled('', '{"a":', 8 * MIB),
];
const numbers = `[${Array(190).fill('12345678901234567890').join()}]`;
const messages = Array(500).fill(`{"message_from":"user","content":"","metadata":{"n":${numbers}}}`).join();
const COSTLY = Buffer.from(`{"messages":[${messages}]}`);
const pipelined = (path, headers) => get(path, headers).repeat(Math.ceil(60_000 / get(path, headers).length));

const ATTACKS = {
  'bodies of nobody': () => many(16, (n) => repeat(post(NOWHERE, BOMBS[n % BOMBS.length], ''))),
  'bodies beyond the bounds': () => many(16, (n) => repeat(post(NOWHERE, BOMBS[n % BOMBS.length]))),
  'the most costly bodies': () => many(8, () => repeat(post(NOWHERE, COSTLY))),
  'bodies held back': () =>
    hold(150, Buffer.concat([Buffer.from(head(NOWHERE, 8 * MIB)), Buffer.alloc(8 * MIB - 1, ' ')])),
  'bodies in single bytes': () =>
    many(8, () =>
      repeat(
        Buffer.from(
          head(NOWHERE, 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked') +
            '1\r\n \r\n'.repeat(2 * MIB) +
            '0\r\n\r\n',
        ),
      ),
    ),
  'documents that nobody reads': () =>
    hold(60, (n) => pipelined(['/openapi.json', '/docs/swagger-ui-bundle.js'][n % 2], '')),
  'pages that nobody reads': () => hold(60, pipelined(`${MESSAGES}?page_size=200`)),
  'lists that nobody reads': () => hold(60, pipelined(`${BASE}/conversations?page_size=200`)),
  'exports and feeds that nobody reads': () =>
    hold(300, (n) =>
      n % 2
        ? get(`${BASE}/export/conversations`)
        : get(`${BASE}/events?after=0`, `${AUTHORIZATION}Accept: text/event-stream\r\n`),
    ),
  'connections that say nothing': () => hold(3_000, ''),
  'probes without end': () =>
    many(200, (n) => repeat(n < 8 ? pipelined('/readyz', '') : get(['/readyz', '/metrics'][n % 2], ''))),
  'large pages, one after the other': () => many(20, () => repeat(get(`${MESSAGES}?page_size=200`))),
  'a flood of writes': () => many(400, () => repeat(post(`${BASE}/conversations`, Buffer.from('{}')))),
  'a flood of reads': () => many(400, () => repeat(get(`${BASE}/conversations`))),
};

await ATTACKS[attack]();
process.stdout.write(JSON.stringify(statuses), () => process.exit(0));
