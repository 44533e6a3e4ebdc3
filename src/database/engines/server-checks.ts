import type { DataSource, QueryRunner } from 'typeorm';
import type { MysqlConfig } from '../../config/app-config.js';

/** What the largest request needs: a batch of 8 MiB whose answer is kept, with all of it escaped. */
const PACKET_NEEDED = 16 * 1024 * 1024;
const OLDEST = { mysql: [8, 0, 17], mariadb: [10, 6, 0] };
const COLLATIONS = { mysql: 'utf8mb4_0900_bin', mariadb: 'utf8mb4_nopad_bin' };
const CLOCK_SKEW_MS = 2_000;
const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const MIGRATION_RIGHTS = ['CREATE', 'ALTER', 'INDEX'];
/** With one of these an account writes to a server that is to be read only. */
const OVERRIDES = /\b(SUPER|READ[_ ]ONLY[_ ]ADMIN|CONNECTION_ADMIN)\b/;

interface Findings {
  /** Without it the service would fail later. */
  readonly refusals: string[];
  readonly warnings: string[];
}

/** What a MySQL or MariaDB server cannot do or is set not to: one sentence each, with the setting to change. */
export async function checkServer(
  { options, entityMetadatas }: DataSource,
  runner: QueryRunner,
  { poolSize, database, user, migrations }: MysqlConfig & { migrations: 'run' | 'check' },
): Promise<Findings> {
  const type = options.type === 'mariadb' ? 'mariadb' : 'mysql';
  const rowsOf = (sql: string): Promise<Record<string, unknown>[]> => runner.query(sql);
  const names = (await rowsOf('SHOW GLOBAL VARIABLES')).map(
    (row) => [String(row.Variable_name).toLowerCase(), String(row.Value)] as const,
  );
  const settings = new Map(names);
  const refusals: string[] = [];
  const warnings: string[] = [];

  const version = settings.get('version') ?? '';
  if (isOlder(version, OLDEST[type]))
    refusals.push(`The server is ${version}. Needed is MySQL 8.0.17, MariaDB 10.6, or later.`);
  else if ((await rowsOf(`SHOW COLLATION LIKE '${COLLATIONS[type]}'`)).length === 0)
    refusals.push(`The server has no collation ${COLLATIONS[type]}, which compares text byte for byte.`);

  const [session] = await rowsOf(
    'SELECT @@character_set_client AS charset, UNIX_TIMESTAMP(NOW(3)) * 1000 AS server_time, VERSION() AS told',
  );
  if (session?.charset !== 'utf8mb4')
    refusals.push(
      `Connections are in ${String(session?.charset)} whatever they ask for. Remove skip-character-set-client-handshake.`,
    );
  const ahead = Math.round(Number(session?.server_time) - Date.now());
  if (Math.abs(ahead) > CLOCK_SKEW_MS)
    warnings.push(
      `The server's clock is ${Math.abs(ahead)} ms ${ahead > 0 ? 'ahead of' : 'behind'} this machine's. Synchronise both (NTP).`,
    );

  const packet = Number(settings.get('max_allowed_packet'));
  if (packet < PACKET_NEEDED)
    refusals.push(
      `max_allowed_packet is ${packet}: large messages would fail. Set max_allowed_packet=${PACKET_NEEDED} or more.`,
    );
  warnings.push(...durabilityWarnings(settings));

  const connections = Number(settings.get('max_connections'));
  if (poolSize > connections)
    warnings.push(
      `DATABASE_POOL_SIZE is ${poolSize} for each replica, and the server takes ${connections}. Raise max_connections.`,
    );

  // Vitess tells the grants of its own account on one of its servers, under another name of the database.
  if (/Vitess/i.test(String(session?.told))) return { refusals, warnings };
  const ours = new Set(['migrations', ...entityMetadatas.map(({ tableName }) => tableName)]);
  for (const { Name, Engine } of await rowsOf("SHOW TABLE STATUS WHERE Engine <> 'InnoDB'"))
    if (ours.has(String(Name)))
      warnings.push(
        `The table ${String(Name)} is in ${String(Engine)}, which has no transactions. ALTER TABLE ${String(Name)} ENGINE=InnoDB.`,
      );
  const grants = (await rowsOf('SHOW GRANTS')).flatMap((row) => Object.values(row).map(String));
  const rightsToGrant = (needed: readonly string[]) => {
    const missing = missingRights(grants, database, needed).join(', ');
    return (
      missing && `The account ${user} has no right to ${missing}. GRANT ${missing} ON ${database}.* to it.`
    );
  };
  refusals.push(...[rightsToGrant(RIGHTS)].filter(Boolean));
  if (migrations === 'run') warnings.push(...[rightsToGrant(MIGRATION_RIGHTS)].filter(Boolean));
  if (
    grants.some((grant) => / ON \*\.\* /.test(grant) && (OVERRIDES.test(grant) || /^GRANT ALL /.test(grant)))
  )
    warnings.push(
      `The account ${user} may write where read_only is set, so that after a fail-over it could write to the former writer. Give it rights on its database only.`,
    );
  return { refusals, warnings };
}

/** What a power cut, or a fail-over to a replica, may take back although it was acknowledged. */
function durabilityWarnings(settings: ReadonlyMap<string, string>): string[] {
  const warnings: string[] = [];
  const warnUnless = (name: string, wanted: RegExp, advice: string) => {
    const value = settings.get(name);
    if (value !== undefined && !wanted.test(value)) warnings.push(`${name} is ${value}: ${advice}`);
  };
  warnUnless(
    'innodb_flush_log_at_trx_commit',
    /^1$/,
    'a crash may lose what was acknowledged. Set innodb_flush_log_at_trx_commit=1.',
  );
  if (settings.get('log_bin') === 'ON') {
    warnUnless(
      'sync_binlog',
      /^1$/,
      'a crash may lose what was acknowledged from the binary log. Set sync_binlog=1.',
    );
    warnUnless(
      'binlog_format',
      /^(ROW|MIXED)$/,
      'replicas may come to hold something else. Set binlog_format=ROW.',
    );
  }
  warnUnless(
    'innodb_doublewrite',
    /^(ON|1|DETECT_AND_RECOVER|fast)$/i,
    'a crash may tear pages. Set innodb_doublewrite=ON unless the disk writes pages whole.',
  );
  return warnings;
}

/** Proxies and other makes of server (TiDB, Vitess) tell a version of MySQL that says nothing of them. */
export function isOlder(version: string, oldest: readonly number[]): boolean {
  if (/TiDB|Vitess/i.test(version)) return false;
  const [, ...found] = /(\d+)\.(\d+)\.(\d+)(?:-MariaDB|$|[-+])/.exec(version) ?? [];
  if (found.length === 0) return false;
  const difference = found
    .map((part, index) => Number(part) - (oldest[index] ?? 0))
    .find((part) => part !== 0);
  return difference !== undefined && difference < 0;
}

/** Rights on the database that no grant names. None where a role or a pattern may give them. */
function missingRights(grants: readonly string[], database: string, needed: readonly string[]): string[] {
  const parsed = grants.map((grant) => /^GRANT (.*) ON (\S+) TO /.exec(grant));
  if (parsed.some((match) => match === null)) return []; // a role
  const rights = new Set<string>();
  for (const match of parsed) {
    const [, list = '', target = ''] = match ?? [];
    const name = target.replaceAll(/[`\\]/g, '');
    const isTable = !name.endsWith('.*');
    if (isTable || name.includes('%')) return [];
    if (name === '*.*' || name === `${database}.*`) for (const right of list.split(', ')) rights.add(right);
  }
  return rights.has('ALL PRIVILEGES') ? [] : needed.filter((right) => !rights.has(right));
}
