import { isRange } from '../common/ip-ranges.js';

export interface WebhooksConfig {
  /** What secrets are encrypted with: the first seals, each opens. */
  readonly keys: readonly Buffer[];
  /** Whether secrets may not be kept without a key. */
  readonly isKeyRequired: boolean;
  /** Host names, addresses and ranges of receivers that may be called although they are not public. */
  readonly allow: readonly string[];
  /** Deliveries go through this HTTP proxy. */
  readonly proxyUrl: string | undefined;
}

const KEY_BYTES = 32;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/;

export const WEBHOOK_KEY_RULE = `must be ${KEY_BYTES} bytes in base64 (the new one first, by commas, while it is changed)`;
export const WEBHOOK_ALLOW_RULE =
  'must be a comma list of host names, addresses and ranges such as 10.1.0.0/16';

/** Reads one key, or several by commas; undefined when one is not 32 bytes in base64. */
export function readWebhookKeys(text: string): readonly Buffer[] | undefined {
  const keys = entriesOf(text).map((key) => Buffer.from(key, 'base64'));
  const isExact = entriesOf(text).every(
    (entry, index) => keys[index]?.length === KEY_BYTES && keys[index].toString('base64') === entry,
  );
  return keys.length > 0 && isExact ? keys : undefined;
}

/** Reads a list of receivers; undefined when something in it is none. */
export function readWebhookAllow(text: string): readonly string[] | undefined {
  const entries = entriesOf(text);
  return entries.every((entry) => isRange(entry) || HOST_NAME.test(entry)) ? entries : undefined;
}

const entriesOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
