import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CHART, run, template, VALUES_FILES } from './support/chart.js';

const KUBERNETES = ['1.27', '1.31', '1.35'];

describe.each(VALUES_FILES.map((file) => [basename(file), file]))('with %s', (_, file) => {
  it('helm lints the chart without a warning', () => {
    const said = run('helm', ['lint', '--strict', '--quiet', CHART, '--values', file]);

    expect(said).not.toMatch(/WARNING|ERROR/);
  });

  it.each(KUBERNETES)('Kubernetes %s knows every field of every object', (version) => {
    const manifests = template(file, {}, ['--kube-version', version]);

    run('kubernetes-validate', ['--kubernetes-version', version, '--strict', '--no-warn', '-'], manifests);
  });

  it("today's types know every field, those of custom resources too, and every pod is restricted", () => {
    expect(run('strict-objects', [], template(file))).toMatch(/\d+ objects, 0 faults/);
  });

  it('gives the same twice', () => {
    expect(template(file)).toBe(template(file));
  });
});

it('the strict checks see an unknown field, and a pod that may run as root', () => {
  const [file = ''] = VALUES_FILES;
  const manifests = template(file);

  const mistyped = manifests.replaceAll('readinessProbe:', 'readinesProbe:');
  const asRoot = manifests.replaceAll('runAsNonRoot: true', 'runAsNonRoot: false');

  expect(() => run('strict-objects', [], mistyped)).toThrow('unknown field "readinesProbe"');
  expect(() => run('strict-objects', [], asRoot)).toThrow('not restricted: runAsNonRoot != true');
  expect(() => run('kubernetes-validate', ['--strict', '-'], mistyped)).toThrow(
    "'readinesProbe' was unexpected",
  );
});

it('is packaged without the values of its tests', () => {
  const directory = mkdtempSync(join(tmpdir(), 'colloquy-chart-'));

  run('helm', ['package', CHART, '--destination', directory]);
  const [archive = ''] = readdirSync(directory);

  expect(archive).toMatch(/^colloquy-\d+\.\d+\.\d+\.tgz$/);
  const files = run('tar', ['-tzf', join(directory, archive)]);
  expect(files).toContain('colloquy/README.md');
  expect(files).not.toContain('colloquy/ci/');
});
