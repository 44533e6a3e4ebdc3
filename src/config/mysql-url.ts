/** A MySQL or MariaDB server, or the nodes of a cluster in order of preference. */
export interface MysqlServer {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const MYSQL_URL = /^(?:mysql|mariadb):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)\/([^/?#]+)$/;
const DEFAULT_PORT = 3306;

/** Reads `mysql://user:password@host:3306,host2:3306/database`; undefined for anything else. */
export function parseMysqlUrl(text: string): MysqlServer | undefined {
  const [, user = '', password = '', hostList = '', database = ''] = MYSQL_URL.exec(text) ?? [];
  const hosts = parseHosts(hostList);
  if (database === '' || !hosts) return undefined;
  try {
    return {
      hosts,
      user: decodeURIComponent(user),
      password: decodeURIComponent(password),
      database: decodeURIComponent(database),
    };
  } catch {
    return undefined;
  }
}

/** Reads `host:3306,host2`; undefined when one of them is none. */
export function parseHosts(text: string): MysqlServer['hosts'] | undefined {
  const hosts = text.split(',').map((host) => hostIn(host.trim()));
  return hosts.every((host) => host !== undefined) ? hosts : undefined;
}

function hostIn(text: string): MysqlServer['hosts'][number] | undefined {
  const url = URL.parse(`tcp://${text}`);
  if (!url || url.hostname === '' || url.host !== text) return undefined;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
  };
}
