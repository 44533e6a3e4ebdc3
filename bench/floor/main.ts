// The floor: what the same work costs with nothing around it. Fastify, mysql2 and SQL written by hand; the same
// credential check, rows and response bytes as the service, and none of its rules, errors, log or metrics.
import { createSecretKey, randomInt } from 'node:crypto';
import Fastify, { type FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import { createPool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { newId, timeOfId } from '../../src/common/ids.js';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { encodeCursor } from '../../src/common/pagination/cursor.js';
import { APPENDED, BATCH, CONVERSATION, CONVERSATIONS, CREATE, MESSAGE, MESSAGES } from './schemas.js';

interface Claims {
  sub: string;
  name: string;
  role: string;
  tenant_id: string;
}

interface NewMessage {
  message_from: string;
  content: string;
  metadata?: object;
}

type NewConversation = Record<string, unknown> & { status?: string; agent_id?: string };

interface Counted {
  tenant_id: string;
  agent_id: string | null;
  status: string;
  tenant_unit_id: string | null;
}

interface ById {
  Params: { id: string };
}

const CONVERSATION_COLUMNS =
  'id, topic, status, agent_id, agent_mode, agent_type, assignment_id, user_id, tenant_id, tenant_unit_id, invoke_from, inputs, extend_properties, message_count, created_time, updated_time, created_by, created_by_name, created_by_role, updated_by, updated_by_name, updated_by_role';
const MESSAGE_COLUMNS =
  'id, conversation_id, sequence, message_from, content, run_id, agent_id, user_id, requested_time, input_tokens, answer_tokens, total_tokens, feedback, metadata, tenant_id, tenant_unit_id, created_time, updated_time, created_by, created_by_name, created_by_role, updated_by, updated_by_name, updated_by_role';
const MESSAGE_PLACES = `(${MESSAGE_COLUMNS.replace(/\w+/g, '?')}, 1)`;

const GET = `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant_id = ? AND id = ?`;
const LIST = `SELECT ${CONVERSATION_COLUMNS} FROM conversation FORCE INDEX (PRIMARY) WHERE tenant_id = ? ORDER BY id DESC LIMIT ? OFFSET ?`;
const TOTAL = 'SELECT COALESCE(SUM(total), 0) AS total FROM conversation_count WHERE tenant_id = ?';
const COUNT =
  'UPDATE conversation_count SET total = total + ? WHERE tenant_id = ? AND agent_id = ? AND status = ? AND tenant_unit_id = ? AND shard = ?';
const FIRST_COUNT =
  'INSERT INTO conversation_count (total, tenant_id, agent_id, status, tenant_unit_id, shard) VALUES (?, ?, ?, ?, ?, ?)';
const SHARDS = 16;
const COUNT_MESSAGES = 'SELECT message_count FROM conversation WHERE tenant_id = ? AND id = ?';
const PAGE = `SELECT ${MESSAGE_COLUMNS} FROM message WHERE tenant_id = ? AND conversation_id = ? AND sequence >= ? AND sequence <= ? ORDER BY sequence`;
const INSERT = `INSERT INTO conversation (${CONVERSATION_COLUMNS}, version) VALUES (${CONVERSATION_COLUMNS.replace(/\w+/g, '?')}, 1)`;
const INSERT_MESSAGES = `INSERT INTO message (${MESSAGE_COLUMNS}, version) VALUES `;
const CHANGED =
  'version = version + 1, updated_time = GREATEST(updated_time, ?), updated_by = ?, updated_by_name = ?, updated_by_role = ?';
const RESERVE = `UPDATE conversation SET message_count = message_count + ?, ${CHANGED} WHERE tenant_id = ? AND id = ?`;
const RESERVED =
  'SELECT message_count, updated_time, agent_id, user_id, tenant_unit_id FROM conversation WHERE tenant_id = ? AND id = ?';
const CHANGE_STATUS = `UPDATE conversation SET status = ?, ${CHANGED} WHERE tenant_id = ? AND id = ?`;

const { DATABASE_URL = '', DATABASE_POOL_SIZE, AUTH_JWT_SECRET = '', PORT } = process.env;
const pool = createPool({
  uri: DATABASE_URL,
  connectionLimit: Number(DATABASE_POOL_SIZE),
  timezone: 'Z',
  charset: 'utf8mb4',
  supportBigNumbers: true,
  trace: false,
});
const key = createSecretKey(AUTH_JWT_SECRET, 'utf8');
const app = Fastify();

const notFound = () => Object.assign(new Error('not found'), { statusCode: 404 });

/** As in the service: a token counts as verified for a minute, and never past its expiry. */
const verified = new Map<string, { claims: Claims; until: number }>();
const VERIFIED_MS = 60_000;

const claimsOf = async ({ headers }: FastifyRequest): Promise<Claims> => {
  const token = headers.authorization?.slice('Bearer '.length) ?? '';
  const known = verified.get(token);
  if (known && known.until > Date.now()) return known.claims;
  const { payload } = await jwtVerify<Claims>(token, key, { algorithms: ['HS256'], requiredClaims: ['exp'] });
  const until = Math.min((payload.exp ?? 0) * 1000, Date.now() + VERIFIED_MS);
  verified.set(token, { claims: payload, until });
  return payload;
};

const json = (text: unknown): unknown => JSON.parse(String(text));

const readConversation = (row: RowDataPacket): RowDataPacket => {
  row.inputs = json(row.inputs);
  row.extend_properties = json(row.extend_properties);
  return row;
};

const readMessage = (row: RowDataPacket): RowDataPacket => {
  row.metadata = json(row.metadata);
  return row;
};

async function find(tenantId: string, id: string): Promise<RowDataPacket> {
  const [[row]] = await pool.query<RowDataPacket[]>(GET, [tenantId, id]);
  if (!row) throw notFound();
  return readConversation(row);
}

async function transaction<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection();
  try {
    for (;;) {
      try {
        await connection.beginTransaction();
        const result = await work(connection);
        await connection.commit();
        return result;
      } catch (error) {
        await connection.rollback();
        if (!isDeadlock(error)) throw error;
      }
    }
  } finally {
    connection.release();
  }
}

const isDeadlock = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ER_LOCK_DEADLOCK';

async function count(connection: PoolConnection, row: Counted, difference: number): Promise<void> {
  const { tenant_id, agent_id, status, tenant_unit_id } = row;
  const shard = randomInt(SHARDS);
  const parameters = [difference, tenant_id, agent_id ?? '', status, tenant_unit_id ?? '', shard];
  const [{ affectedRows }] = await connection.query<ResultSetHeader>(COUNT, parameters);
  if (affectedRows === 0) await connection.query(FIRST_COUNT, parameters);
}

function append(claims: Claims, conversationId: string, inputs: readonly NewMessage[]): Promise<object[]> {
  const author = [claims.sub, claims.name, claims.role];
  return transaction(async (connection) => {
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(RESERVE, [
      ...[inputs.length, new Date(), ...author],
      ...[claims.tenant_id, conversationId],
    ]);
    if (affectedRows === 0) throw notFound();
    const [[reserved]] = await connection.query<RowDataPacket[]>(RESERVED, [
      claims.tenant_id,
      conversationId,
    ]);
    const {
      message_count: last,
      updated_time: time,
      agent_id,
      user_id,
      tenant_unit_id,
    } = reserved as {
      message_count: number;
      updated_time: Date;
      agent_id: string | null;
      user_id: string | null;
      tenant_unit_id: string | null;
    };
    const messages = inputs.map(({ message_from, content, metadata = {} }, index) => {
      const sequence = last - inputs.length + 1 + index;
      return {
        id: newMessageId(time, sequence),
        conversation_id: conversationId,
        sequence,
        message_from,
        content,
        run_id: null,
        agent_id,
        user_id,
        requested_time: time,
        input_tokens: 0,
        answer_tokens: 0,
        total_tokens: 0,
        feedback: null,
        metadata,
        tenant_id: claims.tenant_id,
        tenant_unit_id,
        created_time: time,
        updated_time: time,
        created_by: claims.sub,
        created_by_name: claims.name,
        created_by_role: claims.role,
        updated_by: claims.sub,
        updated_by_name: claims.name,
        updated_by_role: claims.role,
      };
    });
    await connection.query(
      INSERT_MESSAGES + messages.map(() => MESSAGE_PLACES).join(', '),
      messages.flatMap((message) =>
        Object.values({ ...message, metadata: JSON.stringify(message.metadata) }),
      ),
    );
    return messages;
  });
}

app.get<ById>(
  '/admin/api/v2/conversations/:id',
  { schema: { response: { 200: CONVERSATION } } },
  async (request) => {
    const { tenant_id } = await claimsOf(request);
    return find(tenant_id, request.params.id);
  },
);

app.get<{ Querystring: { page_num?: string; page_size?: string } }>(
  '/admin/api/v2/conversations',
  { schema: { response: { 200: CONVERSATIONS } } },
  async (request) => {
    const { tenant_id } = await claimsOf(request);
    const number = Number(request.query.page_num ?? 1);
    const size = Number(request.query.page_size ?? 20);
    const [[found], [[counted]]] = await Promise.all([
      pool.query<RowDataPacket[]>(LIST, [tenant_id, size + 1, (number - 1) * size]),
      pool.query<RowDataPacket[]>(TOTAL, [tenant_id]),
    ]);
    const total = Number(counted?.total);
    const data = found.slice(0, size).map(readConversation);
    const last = data.at(-1) as { id: string; updated_time: Date } | undefined;
    const more = found.length > size;
    const list = { tenant: tenant_id, unit: null, order: 'recent', filter: {} };
    return {
      page_num: number,
      page_size: size,
      total_count: total,
      total_pages: Math.ceil(total / size),
      has_next_page: more,
      data,
      next_cursor: more && last ? encodeCursor(list, [last.id, last.updated_time.toISOString()]) : null,
    };
  },
);

app.get<ById & { Querystring: { page?: string; page_size?: string } }>(
  '/admin/api/v2/conversations/:id/messages',
  { schema: { response: { 200: MESSAGES } } },
  async (request) => {
    const { tenant_id } = await claimsOf(request);
    const number = Number(request.query.page ?? 1);
    const size = Number(request.query.page_size ?? 20);
    const { id } = request.params;
    const [[counted]] = await pool.query<RowDataPacket[]>(COUNT_MESSAGES, [tenant_id, id]);
    if (!counted) throw notFound();
    const total = Number(counted.message_count);
    const first = (number - 1) * size + 1;
    const [found] = await pool.query<RowDataPacket[]>(PAGE, [tenant_id, id, first, first + size - 1]);
    return {
      page_num: number,
      page_size: size,
      total_count: total,
      total_pages: Math.ceil(total / size),
      has_next_page: first + size - 1 < total,
      data: found.map(readMessage),
    };
  },
);

app.post<{ Body: NewConversation }>(
  '/admin/api/v2/conversations',
  { schema: { body: CREATE, response: { 201: CONVERSATION } } },
  async (request, reply) => {
    const { sub, name, role, tenant_id } = await claimsOf(request);
    const { body } = request;
    const id = newId();
    const time = timeOfId(id);
    const conversation = {
      id,
      topic: body.topic ?? 'New Conversation',
      status: body.status ?? 'running',
      agent_id: body.agent_id ?? null,
      agent_mode: body.agent_mode ?? null,
      agent_type: body.agent_type ?? null,
      assignment_id: body.assignment_id ?? null,
      user_id: body.user_id ?? sub,
      tenant_id,
      tenant_unit_id: null,
      invoke_from: body.invoke_from ?? null,
      inputs: body.inputs ?? {},
      extend_properties: body.extend_properties ?? {},
      message_count: 0,
      created_time: time,
      updated_time: time,
      created_by: sub,
      created_by_name: name,
      created_by_role: role,
      updated_by: sub,
      updated_by_name: name,
      updated_by_role: role,
    };
    const inputs = JSON.stringify(conversation.inputs);
    const extend_properties = JSON.stringify(conversation.extend_properties);
    await transaction(async (connection) => {
      await connection.query(INSERT, Object.values({ ...conversation, inputs, extend_properties }));
      await count(connection, conversation, 1);
    });
    return reply.code(201).send(conversation);
  },
);

app.post<ById & { Body: NewMessage }>(
  '/admin/api/v2/conversations/:id/messages',
  { schema: { body: MESSAGE, response: { 201: APPENDED } } },
  async (request, reply) => {
    const [message] = await append(await claimsOf(request), request.params.id, [request.body]);
    return reply.code(201).send(message);
  },
);

app.post<ById & { Body: { messages: NewMessage[] } }>(
  '/admin/api/v2/conversations/:id/messages/batch',
  {
    schema: {
      body: BATCH,
      response: { 201: { type: 'object', properties: { data: MESSAGES.properties.data } } },
    },
  },
  async (request, reply) => {
    const data = await append(await claimsOf(request), request.params.id, request.body.messages);
    return reply.code(201).send({ data });
  },
);

app.patch<ById & { Body: { status: string } }>(
  '/admin/api/v2/conversations/:id/status',
  { schema: { response: { 200: CONVERSATION } } },
  async (request) => {
    const { sub, name, role, tenant_id } = await claimsOf(request);
    const { status } = request.body;
    const { id } = request.params;
    return transaction(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(`${GET} FOR UPDATE`, [tenant_id, id]);
      if (!row) throw notFound();
      const before = row as RowDataPacket & Counted & { updated_time: Date };
      if (before.status === status) return readConversation(row);
      const time = new Date(Math.max(Date.now(), before.updated_time.getTime()));
      await connection.query(CHANGE_STATUS, [status, time, sub, name, role, tenant_id, id]);
      await count(connection, before, -1);
      const author = { updated_by: sub, updated_by_name: name, updated_by_role: role };
      const after = Object.assign(before, { status, updated_time: time, ...author });
      await count(connection, after, 1);
      return readConversation(after);
    });
  },
);

process.once('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
