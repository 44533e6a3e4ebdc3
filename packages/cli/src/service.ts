import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, Colloquy, ConnectionError } from '@colloquy/client';
import { CannotRun, reasonOf } from './errors.js';

/** Where the service is, and for whom and as whom to speak to it. */
export interface Target {
  url: string;
  tenantId?: string | undefined;
  unitId?: string | undefined;
  /** A JWT or an API key. */
  token?: string | undefined;
}

/** How long a service that is away, or busy, is waited for: as long as a restart, a fail-over or an update takes. */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 2_000;

export function connect({ url, tenantId, unitId, token }: Target): Colloquy {
  return new Colloquy({
    baseUrl: url,
    timeoutMs: 120_000,
    ...(token !== undefined && { token }),
    ...(tenantId !== undefined && { tenantId }),
    ...(unitId !== undefined && { tenantUnitId: unitId }),
  });
}

/** Throws CannotRun unless a Colloquy answers, and takes the credential. */
export async function assertReachable(service: Colloquy): Promise<void> {
  try {
    await service.conversations.list({ page_size: 1 }, { timeoutMs: 15_000 });
  } catch (error) {
    // Who may write but not read is told so by the first conversation.
    if (error instanceof ApiError && error.code === 'insufficient_scope') return;
    if (error instanceof ApiError && isPassing(error)) return;
    const where = error instanceof ConnectionError ? ': is it where --url or COLLOQUY_URL says?' : '';
    throw new CannotRun(`${explain(error)}${where}`);
  }
}

export const isPassing = (error: unknown) =>
  error instanceof ConnectionError ||
  (error instanceof ApiError && [408, 429, 502, 503, 504].includes(error.status)) ||
  (error instanceof ApiError && error.code === 'idempotency_in_progress');

/** Sends a request again for minutes while the service is away or asks to wait; `request` is one that can be repeated. */
export async function patiently<Answer>(
  request: () => Promise<Answer>,
  signal?: AbortSignal,
): Promise<Answer> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isPassing(error) || Date.now() > end || signal?.aborted === true) throw error;
      await wait(PAUSE_MS * (1 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether the next conversation would meet the same. */
export const endsTheRun = (error: unknown) =>
  isPassing(error) ||
  // A unit is the conversation's own.
  (error instanceof ApiError &&
    [401, 403].includes(error.status) &&
    error.code !== 'tenant_unit_forbidden') ||
  (error instanceof ApiError && ['tenant_required', 'route_not_found'].includes(error.code ?? ''));

/** What went wrong, in a sentence that never quotes what people said. */
export function explain(error: unknown): string {
  if (error instanceof ConnectionError) return `the service does not answer (${causeOf(error)})`;
  if (!(error instanceof ApiError)) return reasonOf(error);
  if (error.code === undefined) return `the answer (${error.status}) is not that of a Colloquy service`;
  const [asked, ...more] = error.faults.filter(({ parameter }) => parameter !== undefined);
  // A parameter comes from the command line: what is wrong with it quotes nobody else.
  if (asked)
    return [asked, ...more].map(({ parameter, detail }) => `${optionOf(parameter)} ${detail}`).join('; ');
  const places = error.faults.map(({ pointer }) => pointer ?? '').filter((place) => place !== '');
  const what = places.length > 0 ? `, for ${places.slice(0, 5).join(', ')}` : '';
  const scope =
    error.code === 'insufficient_scope'
      ? '; an import needs conversations:write, and conversations:import for times; an export conversations:read, a tail events:read'
      : '';
  const unit =
    error.code === 'tenant_unit_forbidden' ? '; --unit brings what is in other units into that one' : '';
  return `the service answered ${error.status} ${error.code}${what}${scope}${unit} (request ${error.requestId})`;
}

const OPTION_OF: Readonly<Record<string, string>> = {
  agent_id: 'agent',
  assignment_id: 'assignment',
  conversation_id: 'conversation',
  statuses: 'status',
  tenant_id: 'tenant',
  tenant_unit_id: 'unit',
  types: 'type',
  user_id: 'user',
};

/** The option that a parameter of the API comes from. */
const optionOf = (parameter = '') => `--${OPTION_OF[parameter] ?? parameter.replaceAll('_', '-')}`;

function causeOf(error: ConnectionError): string {
  const { cause } = error;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code;
  return error.name === 'TimeoutError' ? 'time-out' : 'connection lost';
}
