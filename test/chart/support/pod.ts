import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newDirectory, Process } from '../../faults/support/processes.js';
import { type Container, environmentOf, type PodTemplate, secretFiles } from './pods.js';

const ROOT = join(import.meta.dirname, '../../..');

/** The files that the image copies, with a Node.js, where everybody can read them. */
export function imageFiles(): string {
  const directory = newDirectory(tmpdir());
  chmodSync(directory, 0o755);
  const dockerfile = readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8');
  for (const [, from = '', to = ''] of dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)) {
    cpSync(join(ROOT, from), join(directory, to), { recursive: true });
  }
  mkdirSync(join(directory, 'bin'));
  copyFileSync(process.execPath, join(directory, 'bin/node'));
  return directory;
}

/** The variables that the image itself sets. */
const IMAGE_ENVIRONMENT = { NODE_ENV: 'production', DATABASE_URL: 'sqlite:/data/colloquy.sqlite' };

/** In a mount namespace of its own: what can be written is made read-only, and /run holds the secrets and nothing else. */
const IN_A_POD = `
  mount --make-rprivate /
  mount -t tmpfs run /run
  mkdir -p /run/secrets/colloquy
  mount --bind "$1" /run/secrets/colloquy
  for target in $(findmnt --raw --noheadings --output TARGET | grep -Ev '^/(proc|sys|dev)(/|$)'); do
    mount -o remount,bind,ro "$target"
  done
  mount -o remount,bind,ro /dev/shm
  cd "$2"
  shift 2
  exec setpriv --reuid "$RUN_AS_USER" --regid "$RUN_AS_GROUP" --groups "$FS_GROUP" --no-new-privs \\
    --bounding-set=-all --inh-caps=-all env -i "$@"
`;

/** What the kubelet does with a rendered pod, of which the image is a directory and the Secrets are texts. */
export class Pod {
  readonly #secrets = newDirectory(tmpdir());

  constructor(
    private readonly template: PodTemplate,
    private readonly image: string,
    secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ) {
    const { fsGroup } = template.spec.securityContext;
    chmodSync(this.#secrets, 0o755);
    for (const [path, { secret, key }] of secretFiles(template)) {
      const text = secrets[secret]?.[key];
      if (text === undefined) throw new Error(`There is no key ${key} in a Secret ${secret}.`);
      writeFileSync(join(this.#secrets, path), text);
      chmodSync(join(this.#secrets, path), 0o440);
      chownSync(join(this.#secrets, path), 0, fsGroup);
    }
  }

  /** Runs a container's command, or another one in it; `variables` are what the machine has differently from a pod. */
  run(
    container: Container | undefined,
    command: readonly string[],
    variables: Record<string, string> = {},
  ): Process {
    if (!container) throw new Error('No container.');
    const { runAsUser, runAsGroup, fsGroup } = this.template.spec.securityContext;
    const environment = Object.entries({
      ...IMAGE_ENVIRONMENT,
      ...environmentOf(container),
      ...variables,
      PATH: `${join(this.image, 'bin')}:/usr/bin:/bin`,
    }).map(([name, value]) => `${name}=${value}`);
    return new Process({
      command: 'unshare',
      args: ['--mount', 'sh', '-euc', IN_A_POD, 'sh', this.#secrets, this.image, ...environment, ...command],
      environment: {
        RUN_AS_USER: String(runAsUser),
        RUN_AS_GROUP: String(runAsGroup),
        FS_GROUP: String(fsGroup),
      },
    });
  }
}
