import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
// Not by its name, which Node.js 20 lacks: it would not come as far as to say that it is too old.
import tls from 'node:tls';
import { Logger } from '@nestjs/common';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import type { DatabaseTlsConfig, Pem } from '../../config/app-config.js';
import { isCertificates, isPair } from '../../config/pem.js';

const REREAD_AFTER_MS = 10_000;

interface Material {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
}

/**
 * How connections to the database are encrypted. Files are read again for new connections, at most every 10 seconds;
 * what cannot be used is logged, and what was read before stays.
 */
export class DatabaseTls {
  /** mysql2 looks at it for every connection, and makes a new context when a certificate in it has changed. */
  readonly #ssl: SslOptions;
  readonly #logger = new Logger(DatabaseTls.name);
  #readAt = Date.now();
  #refused: string | undefined;

  constructor(private readonly config: DatabaseTlsConfig) {
    const { verify, ca, cert, key } = config;
    this.#ssl = {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: verify,
      verifyIdentity: verify,
      ca: ca?.text ?? systemAuthorities(),
      cert: cert?.text,
      key: key?.text,
    };
  }

  /** What mysql2 is to be told for a connection to this host. */
  optionsFor({ host, port }: { host: string; port: number }): Pick<ConnectionOptions, 'ssl' | 'stream'> {
    return { ssl: this.#ssl, stream: () => connectTo(host, port) };
  }

  /** To be called before a connection is opened. */
  refresh(): void {
    if (Date.now() - this.#readAt < REREAD_AFTER_MS) return;
    this.#readAt = Date.now();
    const { ca, cert, key } = this.config;
    try {
      this.#use({ ca: read(ca), cert: read(cert), key: read(key) });
    } catch (error) {
      this.#refuse('they cannot be read', String(error));
    }
  }

  #use({ ca, cert, key }: Material): void {
    if (ca !== undefined && !isCertificates(ca))
      return this.#refuse('DATABASE_TLS_CA has no certificate', ca);
    if (cert !== undefined && !isPair(cert, key))
      return this.#refuse('DATABASE_TLS_KEY is not the key of DATABASE_TLS_CERT', `${cert}${key}`);
    this.#refused = undefined;
    if (ca !== undefined && ca !== this.#ssl.ca) this.#ssl.ca = ca;
    if (cert === this.#ssl.cert && key === this.#ssl.key) return;
    Object.assign(this.#ssl, { cert, key });
    this.#logger.log('New connections to the database use a new certificate.');
  }

  /** Says the same once, however often it is read. */
  #refuse(reason: string, content: string): void {
    if (this.#refused === content) return;
    this.#refused = content;
    this.#logger.error(`New certificates for the database are not used: ${reason}. The former ones stay.`);
  }
}

const read = (pem: Pem | undefined): string | undefined =>
  pem?.file === undefined ? pem?.text : readFileSync(pem.file, 'utf8').trimEnd();

/** Node.js by itself trusts the authorities that it ships, not those of the system. */
function systemAuthorities(): string[] {
  const system = tls.getCACertificates('system');
  return system.length > 0
    ? [...system, ...tls.getCACertificates('extra')]
    : tls.getCACertificates('default');
}

/**
 * For a host that is an address mysql2 gives Node.js no name, and Node.js would compare the certificate with
 * `localhost`: it takes the socket's own name first, which it sets for names only.
 */
function connectTo(host: string, port: number): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  if (isIP(host) !== 0) Object.assign(socket, { _host: host });
  return socket;
}
