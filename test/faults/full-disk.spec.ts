import { execFileSync } from 'node:child_process';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { isCi } from '../support/machine.js';
import { until } from '../support/until.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const MiB = 1024 * 1024;
const DISK_MIB = 16;
const NOT_RUN = 'What happens on a full disk was NOT tried: to mount a small one needs root on Linux.';

const disk = newDirectory(tmpdir());
const isMounted = mount();

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

if (isMounted || isCi)
  it('a full disk under SQLite: certain refusals, not ready, and well when there is room', async () => {
    if (!isMounted) throw new Error(NOT_RUN);
    // Before what this file has made is removed.
    await fullDisk().finally(() => execFileSync('umount', ['--lazy', disk]));
  });
else {
  process.stderr.write(`\n${NOT_RUN}\n`);
  it.skip(NOT_RUN, () => undefined);
}

async function fullDisk(): Promise<void> {
  const folder = join(disk, 'data');
  const file = join(folder, 'colloquy.sqlite');
  const service = await Service.start(`sqlite:${file}`);
  const path = `/conversations/${await service.newConversation()}/messages`;
  const append = (content: string) => service.send('POST', path, { message_from: 'user', content });
  expect((await append('Before')).status).toBe(201);

  const filler = join(disk, 'filler');
  fill(filler);
  const refused = await Promise.all(Array.from({ length: 5 }, () => append('x'.repeat(MiB / 2))));

  for (const { status, body } of refused) {
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(body.detail).not.toMatch(/not known/);
  }
  await until('/readyz says no', async () => !(await service.isReady()));
  expect(await service.statusOf('/healthz')).toBe(200);
  expect((await service.send('GET', path)).body.data).toHaveLength(1);
  await until('the log says why', () => /takes no writes\. ENOSPC/.test(service.process.output));

  rmSync(filler);
  await until('/readyz says yes', () => service.isReady());
  expect((await append('After')).body.sequence).toBe(2);
  expect(service.process.output).not.toMatch(/internal_error/);
  await service.process.stop();

  // Nobody else reads what is kept.
  expect([folder, file].map((kept) => (statSync(kept).mode & 0o777).toString(8))).toEqual(['700', '600']);
}

/** Takes all the room that is left. */
function fill(path: string): void {
  for (let size = MiB; size >= 1024; size /= 2)
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // then in smaller pieces
    }
}
