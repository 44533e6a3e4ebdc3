import { readdirSync, readFileSync } from 'node:fs';

/** A plugin of rolldown that adds the licences of the bundled packages: most ask to be kept with every copy. */
export const licenses = {
  name: 'licenses',
  generateBundle() {
    const packages = [...this.getModuleIds()].map(
      (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0],
    );
    const source = [...new Set(packages)]
      .filter(Boolean)
      .sort()
      .map(licenseOf)
      .join(`\n\n${'-'.repeat(80)}\n\n`);
    this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source });
  },
};

function licenseOf(path) {
  const { name, version, license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'));
  const texts = readdirSync(path)
    .filter((file) => /^(licen[cs]e|notice)/i.test(file))
    .map((file) => readFileSync(`${path}/${file}`, 'utf8'));
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
}
