// Asks Vitess' planner how many of four shards each statement of statements.sql needs, and writes the table of
// docs/vitess.md; with --check, compares. Fails where a statement asks several shards without a reason that is known.
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { REASONS, reasonFor } from '../support/across-tenants.ts';
import { isCi } from '../support/machine.ts';
import { shapeOf } from './statement-shapes.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/vitess.md');
const BEGIN = '<!-- statements: npm run vitess -->\n';
const NOBODY = 65_534;
/** Of four shards, each of these tenants is on another one. */
const TENANTS = ['e', 'a', 'b', 'c'];
const isRoot = process.getuid?.() === 0;
const FOLDER =
  process.env.COLLOQUY_VITESS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'colloquy/vitess');
const VTEXPLAIN = join(FOLDER, 'vtexplain');

if (!existsSync(VTEXPLAIN)) {
  console.error(
    `What Vitess makes of the statements is not checked: no ${VTEXPLAIN}. tools/fetch-vitess.sh builds it (Go 1.26).`,
  );
  process.exit(isCi ? 1 : 0);
}

const statements = readFileSync(join(import.meta.dirname, 'statements.sql'), 'utf8')
  .trim()
  .split('\n')
  .map((sql) => ({ sql, shape: shapeOf(sql), reason: reasonFor(sql) }))
  .sort((a, b) => (a.shape < b.shape ? -1 : 1));
const explained = explain(statements).map((answer, index) => ({ ...statements[index], ...answer }));

const faults = [
  ...explained
    .filter(({ shards, reason }) => shards > 1 && reason === undefined)
    .map(({ sql, shards }) => `${shards} shards are asked, and no reason is known: ${sql}`),
  ...REASONS.filter((why) => !explained.some(({ shards, reason }) => shards > 1 && reason === why)).map(
    (why) => `No statement asks several shards for this reason: ${why}`,
  ),
];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}

const page = readFileSync(PAGE, 'utf8');
const generated = `${page.split(BEGIN)[0]}${BEGIN}\n${table(explained)}\n`;
if (!process.argv.includes('--check')) writeFileSync(PAGE, generated);
else if (generated !== page) {
  console.error('docs/vitess.md does not tell what Vitess makes of the statements now: npm run vitess');
  process.exit(1);
}
const single = explained.filter(({ reason }) => reason === undefined).length;
console.log(
  `${explained.length} shapes of statements on four shards: ${single} ask one, ${explained.length - single} look across tenants.`,
);

/** How many shards each statement asks, and how often. */
function explain(all) {
  const folder = mkdtempSync(join(tmpdir(), 'colloquy-vtexplain-'));
  try {
    const vschema = JSON.parse(readFileSync(join(ROOT, 'deploy/vitess/vschema.json'), 'utf8'));
    const files = {
      'sql-file': all.map(({ sql, reason }) => `${withValues(sql, reason === undefined)};\n`).join(''),
      'vschema-file': JSON.stringify({ colloquy: vschema }),
      'schema-file': readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8'),
    };
    const options = Object.entries(files).map(([option, text]) => {
      writeFileSync(join(folder, option), text);
      return `--${option}=${join(folder, option)}`;
    });
    const { status, stdout, stderr } = spawnSync(
      programFor(folder),
      ['--shards=4', '--output-mode=json', ...options],
      { encoding: 'utf8', maxBuffer: 2 ** 28, ...(isRoot && { uid: NOBODY, gid: NOBODY }) },
    );
    const [failure = stderr.slice(-2000)] = stderr.match(/^Error: .*/m) ?? [];
    if (status !== 0) throw new Error(failure);
    return JSON.parse(stdout).map(answerOf);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** vtexplain does not run as root, and who is nobody may not look into root's home. */
function programFor(folder) {
  if (!isRoot) return VTEXPLAIN;
  const copy = join(folder, 'vtexplain');
  copyFileSync(VTEXPLAIN, copy);
  chownSync(folder, NOBODY, NOBODY);
  return copy;
}

/** A tenant's statement has its tenant in all places; one across tenants another in each. */
function withValues(sql, isOneTenants) {
  let count = 0;
  return sql
    .replaceAll(/\b(LIMIT|OFFSET) \?/g, '$1 10')
    .replaceAll('?', () => `'${TENANTS[isOneTenants ? 0 : count++ % TENANTS.length]}'`);
}

function answerOf({ Plans: [plan], TabletActions: actions }) {
  const queries = Object.values(actions).reduce((sum, { TabletQueries }) => sum + TabletQueries.length, 0);
  // What the rows are that are inserted, only real tablets know: they stay on the shard that they were read from.
  const isCopy = plan.Instructions.OperatorType === 'Insert' && plan.Instructions.Variant === 'Select';
  const isOneTenants = isCopy && routesOf(plan.Instructions).every((variant) => variant === 'EqualUnique');
  return { shards: isOneTenants ? 1 : Object.keys(actions).length, queries, isCopy };
}

function routesOf({ OperatorType, Variant, Inputs = [] }) {
  return OperatorType === 'Route' ? [Variant] : Inputs.flatMap(routesOf);
}

function table(rows) {
  const many = rows.filter(({ reason }) => reason !== undefined);
  const one = rows.filter(({ reason }) => reason === undefined);
  const cell = (text) => `\`${text.replaceAll('|', '\\|')}\``;
  const how = ({ isCopy, queries }) =>
    isCopy ? 'read by the proxy, then inserted' : queries === 1 ? 'passed on whole' : `${queries} queries`;
  return [
    `### Across tenants (${many.length})\n`,
    '| what for | shards | statement |\n| --- | --- | --- |',
    ...many.map(({ shape, shards, reason }) => `| ${reason} | ${shards} | ${cell(shape)} |`),
    `\n### Of one tenant, or of one row that has none: one shard (${one.length})\n`,
    '| statement | how |\n| --- | --- |',
    ...one.map((row) => `| ${cell(row.shape)} | ${how(row)} |`),
  ].join('\n');
}
