// Node.js itself runs this file too, for the .mjs files: nothing in it but types may have to be compiled.

/** A statement that reads or changes rows of several tenants at once, and what for. */
interface AcrossTenants {
  readonly why: string;
  /** Of the whole statement, without quotes. */
  readonly statement: RegExp;
}

/** All that the service asks for several tenants at once. Whatever else does is a leak. */
const ACROSS_TENANTS: readonly AcrossTenants[] = [
  {
    why: 'which deleted conversation is next',
    statement:
      /^SELECT [^()]+ FROM deleted_conversation DeletedConversation WHERE \(\(DeletedConversation\.claimed_until < \?\)\) ORDER BY DeletedConversation\.claimed_until ASC LIMIT 1$/,
  },
  {
    why: 'which idempotency keys have expired',
    statement:
      /^SELECT [^()]+ FROM idempotency_record IdempotencyRecord WHERE \(\(IdempotencyRecord\.expires_time <= \?\)\) ORDER BY IdempotencyRecord_expires_time ASC LIMIT 1 OFFSET \d+$/,
  },
  {
    why: 'idempotency keys that have expired',
    statement: /^DELETE FROM idempotency_record WHERE expires_time <= \?$/,
  },
  {
    why: 'the publisher: what is pending, and how far its feeds go',
    statement:
      /^SELECT [^()]+ FROM event_pending AS pending LEFT JOIN feed ON feed\.tenant_id = pending\.tenant_id AND feed\.epoch = \? WHERE pending\.tenant_id > \? ORDER BY pending\.tenant_id, pending\.id LIMIT \d+$/,
  },
  {
    why: 'the publisher: feeds that begin',
    statement: /^INSERT IGNORE INTO feed \([^()]+\) VALUES \([^()]+\), /,
  },
  {
    why: 'the publisher: events with their positions',
    statement: /^INSERT INTO event \([^()]+\) VALUES \([^()]+\), /,
  },
  {
    why: 'how far the feeds go that are waited for',
    statement: /^SELECT tenant_id, epoch, last_position FROM feed WHERE tenant_id IN \([?, ]+\)$/,
  },
  {
    why: 'retention: the next feeds',
    statement:
      /^SELECT tenant_id, epoch, last_position FROM feed WHERE tenant_id >= \? AND \(tenant_id > \? OR epoch > \?\) ORDER BY tenant_id, epoch LIMIT \?$/,
  },
  { why: 'an epoch of the feed begins', statement: /^DELETE FROM event_pending$/ },
  {
    why: 'whose webhooks have something to do',
    statement:
      /^SELECT DISTINCT tenant_id FROM webhook_lane (?:FORCE INDEX|INDEXED BY) \(?webhook_lane_by_wake_time\)? WHERE failures (?:=|>) 0 AND wake_time <= \? LIMIT \d+$/,
  },
  {
    why: 'whose webhooks are behind a feed that has moved',
    statement:
      /^SELECT tenant_id, last_position FROM feed WHERE published_time >= \? AND epoch = \? AND EXISTS \( SELECT 1 FROM webhook_lane AS lane WHERE lane\.tenant_id = feed\.tenant_id AND [^;]+\) LIMIT \d+$/,
  },
  {
    why: 'the webhooks of those tenants',
    statement:
      /^SELECT \* FROM \( SELECT \* FROM webhook_lane WHERE tenant_id = \? AND [^;]+\) AS lanes UNION ALL /,
  },
  {
    why: 'how many webhooks there are, and how many fail',
    statement:
      /^SELECT COUNT\(1\) AS cnt FROM webhook_lane WebhookLane(?: WHERE \(\(WebhookLane\.failures > (?:\?|0)\)\))?$/,
  },
  {
    why: 'how many webhooks are disabled',
    statement:
      /^SELECT COUNT\(1\) AS cnt FROM webhook Webhook WHERE \(\(NOT\(Webhook\.disabled_reason IS NULL\)\)\)$/,
  },
  {
    why: 'whose secrets an old key has sealed',
    statement:
      /^SELECT [^()]+ FROM webhook webhook WHERE webhook\.secret NOT LIKE \? OR webhook\.previous_secret NOT LIKE \? LIMIT \d+$/,
  },
  {
    why: 'attempts of deliveries that are old',
    statement:
      /^SELECT [^()]+ FROM webhook_attempt WebhookAttempt WHERE \(\(WebhookAttempt\.time <= \?\)\) ORDER BY WebhookAttempt_time ASC LIMIT 1 OFFSET \d+$/,
  },
  {
    why: 'attempts of deliveries that are old, removed',
    statement: /^DELETE FROM webhook_attempt WHERE time <= \?$/,
  },
];

/** What the command line asks of all tenants, and what it looks for among all keys. */
const OF_THE_COMMAND_LINE: readonly AcrossTenants[] = [
  { why: '`keys list`', statement: /^SELECT [^()]+ FROM api_key ApiKey ORDER BY [^()]+$/ },
  { why: '`keys revoke`', statement: /^UPDATE api_key SET revoked_time = \? WHERE [^?]*\bid = \?/ },
  {
    why: '`counters check`',
    statement:
      /^SELECT tenant_id, agent_id, status, tenant_unit_id, SUM\(counted\) AS counted, .* AS both_sides /,
  },
];

/** All of the reasons, for test/vitess/explain.mjs. */
// ts-unused-exports:disable-next-line
export const REASONS: readonly string[] = [...ACROSS_TENANTS, ...OF_THE_COMMAND_LINE].map(({ why }) => why);

/** Why a statement may look across tenants; undefined when it may not. */
export function reasonFor(statement: string): string | undefined {
  const text = statement.replaceAll(/[`"]/g, '').replaceAll(/\s+/g, ' ').trim();
  return [...ACROSS_TENANTS, ...OF_THE_COMMAND_LINE].find((known) => known.statement.test(text))?.why;
}
