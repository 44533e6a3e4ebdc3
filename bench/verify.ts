import { BASE_PATH } from '../src/http/resource.js';
import type { Environment } from './environment.js';
import type { BenchRequest } from './operations.js';
import type { MeasuredServer } from './servers.js';

interface Answer {
  request: string;
  body: string;
}

/**
 * Throws unless all servers do the same work: the floor gives Colloquy's answers byte for byte, but for ids and times
 * it makes itself, and the stock solution the same members and values, in its own order and without a cursor.
 */
export async function verifySameAnswers(
  environment: Environment,
  servers: readonly MeasuredServer[],
): Promise<void> {
  const [colloquy, ...others] = servers.toSorted((a, b) => rank(a) - rank(b));
  if (!colloquy) return;
  const expected = await answersOf(environment, colloquy);
  for (const server of others) {
    const given = await answersOf(environment, server);
    expected.forEach(({ request, body }, index) => {
      const other = given[index]?.body ?? '';
      const same = server.variant === 'stock' ? members(body) === members(other) : body === other;
      if (!same)
        throw new Error(
          `${server.variant} answers ${request} in another way:\n${other}\nand Colloquy:\n${body}`,
        );
    });
  }
}

const rank = ({ variant }: MeasuredServer) => (variant === 'colloquy' ? 0 : 1);

async function answersOf(environment: Environment, server: MeasuredServer): Promise<Answer[]> {
  const answers: Answer[] = [];
  const send = async (tenantId: string, method: BenchRequest['method'], path: string, body?: object) => {
    const text = await environment.fetch(server, {
      method,
      path: `${BASE_PATH}/conversations${path}`,
      tenantId,
      ...(body && { body: JSON.stringify(body) }),
    });
    answers.push({ request: `${method} ${path}`, body: method === 'GET' ? text : withoutIdsAndTimes(text) });
    return text;
  };
  const read = environment.data.read[0];
  const written = environment.data.written[0];
  if (!read || !written) throw new Error('There is no tenant to look at.');
  const id = read.ids[0] ?? '';
  await send(read.id, 'GET', `/${id}`);
  await send(read.id, 'GET', '?page_size=20');
  await send(read.id, 'GET', '?page_num=3&page_size=20');
  await send(read.id, 'GET', `/${id}/messages?page_size=20`);
  const created = JSON.parse(
    await send(written.id, 'POST', '', { topic: 'Zimmer für zwei', inputs: { seats: 2 } }),
  ) as { id: string };
  const message = { message_from: 'user', content: 'Noch etwas?', metadata: { acts: ['INFORM'] } };
  await send(written.id, 'POST', `/${created.id}/messages`, message);
  await send(written.id, 'POST', `/${created.id}/messages/batch`, { messages: [message, message] });
  await send(written.id, 'PATCH', `/${created.id}/status`, { status: 'completed' });
  return answers;
}

const withoutIdsAndTimes = (text: string) =>
  text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');

/** The members of a JSON text in the order of their names. */
function members(text: string): string {
  return JSON.stringify(JSON.parse(text), (key, value: unknown) =>
    key === 'next_cursor'
      ? undefined
      : typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  );
}
