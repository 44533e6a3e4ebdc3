import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { VERSION } from './version.js';

describe('the version', () => {
  it('is one for all parts', () => {
    const text = (file: string) => readFileSync(file, 'utf8');
    const versions = [
      ...['package.json', ...globSync('packages/*/package.json')].map(
        (file) => JSON.parse(text(file)).version,
      ),
      JSON.parse(text('openapi.json')).info.version,
      ...text('deploy/helm/colloquy/Chart.yaml').matchAll(/^(?:version|appVersion): ['"]?([^'"\n]+)/gm),
    ].map((found) => (Array.isArray(found) ? found[1] : found));

    expect(versions.length).toBeGreaterThan(5);
    expect(new Set(versions)).toEqual(new Set([VERSION.version]));
    expect(text('CHANGELOG.md')).toContain(`## ${VERSION.version} `);
  });
});
