import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ApiKey } from '../auth/api-key.entity.js';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { AuthModule } from '../auth/auth.module.js';
import { isAccessScope, SCOPES } from '../identity/principal.js';
import { now } from '../common/clock.js';
import { isOpaqueId, OPAQUE_ID_RULE } from '../common/opaque-id.js';
import { parseRfc3339 } from '../http/validation/rfc3339.js';
import { ConfigModule } from '../config/config.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { commandIn, databaseConfig, meant, optionsIn, runCommandLine, UsageError } from './command-line.js';

const USAGE = `Usage: npm run keys -- <command>
  create --name <text> [--tenant <id>] [--unit <id>] [--scopes <list>]
         [--expires <time>]
      makes a key and shows it, once. Without --tenant it is bound to none and
      needs tenants:any. --expires takes an RFC 3339 time. --scopes, by commas,
      are by default the first two of:
      ${SCOPES.slice(0, 3).join(', ')},
      ${SCOPES.slice(3).join(', ')}
  list    all keys, without the keys themselves
  revoke <id>
      for good. Where there is no such key, or it was revoked before, the exit
      code is 2.
`;

@Module({})
class KeysModule {}

const OPTIONS = {
  name: { type: 'string' },
  tenant: { type: 'string' },
  unit: { type: 'string' },
  scopes: { type: 'string', default: 'conversations:read,conversations:write' },
  expires: { type: 'string' },
} as const;

/** A command reads its arguments first, so that what is wrong with them is told without a database. */
type Command = (args: string[]) => Act;
type Act = (apiKeys: ApiKeysService) => Promise<void>;

const create: Command = (args) => {
  const values = optionsIn(args, OPTIONS);
  const { name = '', tenant, unit, expires } = values;
  const scopes = values.scopes.split(/[\s,]+/).filter((scope) => scope !== '');
  if (name === '' || name.length > 255 || /\p{Cc}/u.test(name))
    throw new UsageError('--name is needed: up to 255 characters, none of them a control character.');
  for (const id of [tenant, unit])
    if (id !== undefined && !isOpaqueId(id)) throw new UsageError(`--tenant and --unit ${OPAQUE_ID_RULE}.`);
  if (unit !== undefined && tenant === undefined) throw new UsageError('--unit needs --tenant.');
  for (const scope of scopes)
    if (!isAccessScope(scope)) throw new UsageError(`There is no scope ${scope}${meant(scope, SCOPES)}`);
  if (scopes.length === 0) throw new UsageError('--scopes needs at least one.');
  if (tenant === undefined && !scopes.includes('tenants:any'))
    throw new UsageError('A key without --tenant needs the scope tenants:any.');
  const expiresTime = expires === undefined ? null : parseRfc3339(expires);
  if (expiresTime === undefined)
    throw new UsageError('--expires must be an RFC 3339 time such as 2027-01-31T00:00:00Z.');
  if (expiresTime !== null && expiresTime <= now()) throw new UsageError('--expires must be in the future.');
  return async (apiKeys) => {
    const { apiKey, secret } = await apiKeys.create({
      name,
      tenantId: tenant ?? null,
      tenantUnitId: unit ?? null,
      scopes: [...new Set(scopes.filter(isAccessScope))],
      expiresTime,
    });
    process.stderr.write(`Key ${apiKey.id} (${name}). It is shown only now:\n`);
    process.stdout.write(`${secret}\n`);
  };
};

const list: Command = ([more]) => {
  if (more !== undefined) throw new UsageError(`list takes no ${more}.`);
  return showKeys;
};

const showKeys: Act = async (apiKeys) => {
  const keys = await apiKeys.list();
  for (const key of keys) process.stdout.write(`${lineOf(key)}\n`);
  if (keys.length === 0) process.stderr.write('There are no keys.\n');
};

const revoke: Command = ([id, more]) => {
  if (id === undefined) throw new UsageError('revoke needs the id of a key.');
  if (more !== undefined) throw new UsageError(`revoke takes one id, and no ${more}.`);
  return async (apiKeys) => {
    if (!(await apiKeys.revoke(id))) throw new UsageError('There is no such key, or it was revoked before.');
    process.stdout.write(`Revoked ${id}.\n`);
  };
};

function lineOf({
  id,
  name,
  tenantId,
  tenantUnitId,
  scopes,
  createdTime,
  expiresTime,
  revokedTime,
}: ApiKey): string {
  const state = revokedTime
    ? `revoked ${revokedTime.toISOString()}`
    : expiresTime
      ? `${expiresTime <= now() ? 'expired' : 'expires'} ${expiresTime.toISOString()}`
      : 'valid';
  const bound = `${tenantId ?? 'any tenant'}${tenantUnitId === null ? '' : `/${tenantUnitId}`}`;
  return [id, printable(name), bound, scopes, `created ${createdTime.toISOString()}`, state].join('\t');
}

/** Keys of earlier releases may have any name. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '\u{fffd}');

async function run([word, ...args]: readonly string[]): Promise<number> {
  const commands = { create, list, revoke };
  const command = commandIn(word === undefined ? [] : [word], ['create', 'list', 'revoke']);
  const act = commands[command]([...args]);
  const imports = [
    ConfigModule.with(databaseConfig({ isRead: command !== 'create' })),
    DatabaseModule,
    AuthModule,
  ];
  const app = await NestFactory.createApplicationContext(
    { module: KeysModule, imports },
    { logger: false, abortOnError: false },
  );
  try {
    await act(app.get(ApiKeysService));
    return 0;
  } finally {
    await app.close();
  }
}

await runCommandLine(USAGE, run);
