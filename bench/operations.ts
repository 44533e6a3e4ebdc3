import { BASE_PATH } from '../src/http/resource.js';
import type { Dialogue, Turn } from './dataset/dialogues.js';
import type { LoadedTenant } from './dataset/load.js';
import type { Random } from './random.js';

export interface BenchRequest {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  /** Whose token it is sent with. */
  tenantId: string;
  body?: string;
}

/** What the generated data offers to requests. */
export interface Dataset {
  read: LoadedTenant[];
  written: LoadedTenant[];
  small: LoadedTenant;
  large: LoadedTenant;
  dialogues: Dialogue[];
}

export interface CountedOperation {
  id: string;
  title: string;
  requests: (data: Dataset, random: Random) => BenchRequest[];
}

export interface Operation extends CountedOperation {
  /** CPU of the service for a request against the floor's, at most so many times. */
  target: number;
  /** Clients at a time, where it is not as many as otherwise. */
  connections?: number;
}

const REQUESTS = 1_600;
const BATCH_REQUESTS = 160;
const BATCH_SIZE = 100;
const LARGEST_CREATE = 500;
const CREATE_REQUESTS = 40;
const PAGE_SIZE = 20;
const STATUSES = ['queued', 'running', 'paused', 'completed', 'failed', 'cancelled'];

const many = (make: () => BenchRequest, count = REQUESTS) => Array.from({ length: count }, make);

function anyConversation(tenants: readonly LoadedTenant[], random: Random, atLeast = 0) {
  for (;;) {
    const tenant = random.pick(tenants);
    const index = random.below(tenant.ids.length);
    const id = tenant.ids[index];
    if (id !== undefined && (tenant.lengths[index] ?? 0) >= atLeast)
      return { tenantId: tenant.id, path: `${BASE_PATH}/conversations/${id}` };
  }
}

const bodyOf = ({ messageFrom, content, metadata }: Turn) =>
  `{"message_from":"${messageFrom}","content":${JSON.stringify(content)},"metadata":${metadata}}`;

const turnOf = (data: Dataset, random: Random) => random.pick(random.pick(data.dialogues).turns);

export const OPERATIONS: readonly Operation[] = [
  {
    id: 'get',
    title: 'get one conversation',
    target: 1.6,
    requests: (data, random) => many(() => ({ method: 'GET', ...anyConversation(data.read, random) })),
  },
  {
    id: 'list',
    title: 'list 20 conversations and their exact total',
    target: 1.1,
    requests: (data, random) =>
      many(() => ({
        method: 'GET',
        path: `${BASE_PATH}/conversations?page_size=${PAGE_SIZE}`,
        tenantId: random.pick(data.read).id,
      })),
  },
  {
    id: 'page',
    title: 'page of 20 messages',
    target: 1.2,
    requests: (data, random) =>
      many(() => {
        const { path, tenantId } = anyConversation(data.read, random, PAGE_SIZE);
        return { method: 'GET', path: `${path}/messages?page_size=${PAGE_SIZE}`, tenantId };
      }),
  },
  {
    id: 'create',
    title: 'create a conversation',
    target: 1.5,
    requests: (data, random) =>
      many(() => ({
        method: 'POST',
        path: `${BASE_PATH}/conversations`,
        tenantId: random.pick(data.written).id,
        body: JSON.stringify({
          topic: turnOf(data, random).content.slice(0, 80) || 'Booking',
          agent_id: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80',
          inputs: { service: random.pick(data.dialogues).service, seats: random.below(9) },
        }),
      })),
  },
  {
    id: 'append',
    title: 'append one message, many conversations',
    target: 1.4,
    requests: (data, random) =>
      many(() => {
        const { path, tenantId } = anyConversation(data.written, random);
        return {
          method: 'POST',
          path: `${path}/messages`,
          tenantId,
          body: bodyOf(turnOf(data, random)),
        };
      }),
  },
  {
    id: 'append-hot',
    title: 'append one message, one conversation for all clients',
    target: 0.5,
    requests: (data, random) => {
      const { path, tenantId } = anyConversation(data.written, random);
      return many(() => ({
        method: 'POST',
        path: `${path}/messages`,
        tenantId,
        body: bodyOf(turnOf(data, random)),
      }));
    },
  },
  {
    id: 'batch',
    target: 1.3,
    title: `append a batch of ${BATCH_SIZE} messages`,
    requests: (data, random) =>
      many(() => {
        const { path, tenantId } = anyConversation(data.written, random);
        const messages = Array.from({ length: BATCH_SIZE }, () => bodyOf(turnOf(data, random)));
        return {
          method: 'POST',
          path: `${path}/messages/batch`,
          tenantId,
          body: `{"messages":[${messages.join(',')}]}`,
        };
      }, BATCH_REQUESTS),
  },
  {
    id: 'status',
    target: 1.4,
    title: 'change the status of a conversation',
    requests: (data, random) =>
      many(() => {
        const { path, tenantId } = anyConversation(data.written, random);
        return {
          method: 'PATCH',
          path: `${path}/status`,
          tenantId,
          body: JSON.stringify({ status: random.pick(STATUSES) }),
        };
      }),
  },
];

/** What only Colloquy does: counted for the budget, compared with nobody. */
export const OWN_OPERATIONS: readonly CountedOperation[] = [
  {
    id: 'create-500',
    title: `create a conversation with ${LARGEST_CREATE} messages`,
    requests: (data, random) =>
      many(() => {
        const messages = Array.from({ length: LARGEST_CREATE }, () => bodyOf(turnOf(data, random)));
        return {
          method: 'POST',
          path: `${BASE_PATH}/conversations`,
          tenantId: random.pick(data.written).id,
          body: `{"messages":[${messages.join(',')}]}`,
        };
      }, CREATE_REQUESTS),
  },
  {
    id: 'append-named',
    title: 'append one message with a name, unless it is there',
    requests: (data, random) =>
      many(() => {
        const { path, tenantId } = anyConversation(data.written, random);
        const body = bodyOf(turnOf(data, random)).slice(0, -1);
        return {
          method: 'POST',
          path: `${path}/messages`,
          tenantId,
          body: `${body},"if_exists":"return","external_id":"${random.below(2 ** 30)}"}`,
        };
      }),
  },
];
