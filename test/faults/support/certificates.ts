import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newDirectory } from './processes.js';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });

export interface Pair {
  cert: string;
  key: string;
}

/** An authority of a test's own, and what it has signed: paths of files in PEM. */
export class Authority {
  readonly ca: string;
  readonly #directory = newDirectory(tmpdir());
  readonly #key: string;
  readonly #config: string;
  #count = 0;

  constructor(name: string) {
    chmodSync(this.#directory, 0o755); // a server that gives up root's rights reads it
    this.ca = join(this.#directory, 'ca.pem');
    this.#key = join(this.#directory, 'ca.key');
    this.#config = join(this.#directory, 'ca.conf');
    writeFileSync(
      this.#config,
      `[ca]\ndefault_ca = own\n[own]\ndatabase = ${this.#directory}/index\nnew_certs_dir = ${this.#directory}
rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n`,
    );
    writeFileSync(join(this.#directory, 'index'), '');
    openssl('req', '-x509', ...NEW_KEY, '-keyout', this.#key, '-out', this.ca, '-subj', `/CN=${name}`);
  }

  /** A certificate for these names (`DNS:localhost`, `IP:127.0.0.1`), with its key. */
  sign(names: string, validForMs = 86_400_000): Pair {
    const path = (extension: string) => join(this.#directory, `${this.#count}.${extension}`);
    this.#count++;
    const [cert, key, request, extensions] = [path('pem'), path('key'), path('csr'), path('ext')];
    writeFileSync(extensions, `subjectAltName=${names}`);
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${this.#count}`);
    const issuer = ['-config', this.#config, '-cert', this.ca, '-keyfile', this.#key];
    const validity = ['-enddate', asn1Time(new Date(Date.now() + validForMs)), '-extfile', extensions];
    openssl('ca', '-batch', '-notext', '-in', request, '-out', cert, ...issuer, ...validity);
    chmodSync(key, 0o644);
    return { cert, key };
  }
}

/** As `260102030405Z`. */
const asn1Time = (time: Date): string => `${time.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`;

/** Puts a file in the place of another one as a whole, as those who rotate certificates do. */
export function replace(target: string, source: string): void {
  copyFileSync(source, `${target}.new`);
  renameSync(`${target}.new`, target);
}
