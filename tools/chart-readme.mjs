// Writes the table of values in the chart's README.md from the comments in its values.yaml; with --check, compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { isMap, isScalar, parseDocument } from 'yaml';

const CHART = new URL('../deploy/helm/colloquy/', import.meta.url);
const BEGIN = '<!-- values: npm run chart:readme -->\n';

const readme = readFileSync(new URL('README.md', CHART), 'utf8');
const [text] = readme.split(BEGIN);
const { contents } = parseDocument(readFileSync(new URL('values.yaml', CHART), 'utf8'));
const generated = `${text}${BEGIN}\n| value | default | meaning |\n| --- | --- | --- |\n${rowsOf(contents).join('\n')}\n`;

if (!process.argv.includes('--check')) writeFileSync(new URL('README.md', CHART), generated);
else if (generated !== readme) {
  console.error("The chart's README.md is not what its values.yaml says: npm run chart:readme");
  process.exit(1);
}

/** A row for each value that has a comment `# -- …`; what stands in a map without comments is one value. */
function rowsOf(map, path = []) {
  return map.items.flatMap(({ key, value }, index) => {
    const name = [...path, key.value];
    // The comment before the first of a map belongs to the map, in the eyes of the parser.
    const [, meaning] =
      /^ -- (.+)$/m.exec(key.commentBefore ?? (index === 0 ? map.commentBefore : '') ?? '') ?? [];
    const documented =
      isMap(value) && (value.commentBefore || value.items.some((item) => item.key.commentBefore));
    const children = documented ? rowsOf(value, name) : [];
    if (!meaning && children.length === 0)
      throw new Error(`${name.join('.')} has no comment in values.yaml.`);
    const shown = children.length === 0 ? `\`${defaultOf(value)}\`` : '';
    return meaning
      ? [`| \`${name.join('.')}\` | ${shown} | ${meaning.replaceAll('|', '\\|')} |`, ...children]
      : children;
  });
}

function defaultOf(value) {
  if (isScalar(value) && value.value === '') return "''";
  return JSON.stringify(value.toJSON()).replace(/^"(.*)"$/, '$1');
}
