// Node.js itself runs this file too, for the .mjs files: nothing in it but types may have to be compiled.

const TENANT = /\bWHERE (?:\w+\.)?tenant_id = \?(?: AND tenant_unit_id = \?)? AND \(/g;

/**
 * What of a statement decides which shards it needs: the tables and how they are joined, that the tenant is named, and
 * how many rows or branches there are (one, or several). Columns, and what a tenant's rows are narrowed by, do not.
 */
export function shapeOf(statement: string): string {
  const text = statement
    .replace(/;$/, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('`', '')
    .trim()
    .replace(/ RETURNING .*$/, '')
    .replaceAll(/(\bIN|\bVALUES) \(\?(?:, \?)*\)/g, '$1 (?)')
    .replaceAll(/(VALUES|,) \([^()]*\)(?:, \([^()]*\))+/g, '$1 (…), (…)')
    .replaceAll(/VALUES \([^()]*\)/g, 'VALUES (…)');
  return withoutRepeats(withoutConditions(text))
    .replaceAll(/\bSELECT (?!DISTINCT)[^;]*?(?= FROM )/g, 'SELECT …')
    .replaceAll(/(INSERT (?:IGNORE )?INTO \w+) \([^()]*\)/g, '$1 (…)')
    .replaceAll(/(UPDATE \w+ SET |ON DUPLICATE KEY UPDATE )(?:(?! WHERE ).)*/g, '$1…')
    .replaceAll(/\b(LIMIT|OFFSET|INTERVAL) \d+/g, '$1 …')
    .replaceAll(/FORCE INDEX \(\w+\)/g, 'FORCE INDEX (…)')
    .replaceAll(
      /ORDER BY [\w., ]+/g,
      (order) => `ORDER BY …${/ LIMIT.*$/.exec(order)?.[0] ?? (order.endsWith(' ') ? ' ' : '')}`,
    );
}

/** The caller's condition on a tenant's rows, unless it reads another table. */
function withoutConditions(text: string): string {
  let result = '';
  let from = 0;
  for (const { index, 0: head } of text.matchAll(TENANT)) {
    if (index < from) continue;
    const start = index + head.length;
    const end = closing(text, start);
    const condition = text.slice(start, end);
    if (/\bSELECT\b/.test(condition)) continue;
    result += `${text.slice(from, start)}…`;
    from = end;
  }
  return result + text.slice(from);
}

/** Where the parenthesis ends that was opened before `start`. */
function closing(text: string, start: number): number {
  let depth = 1;
  for (let index = start; index < text.length; index++) {
    if (text[index] === '(') depth++;
    if (text[index] === ')' && --depth === 0) return index;
  }
  return text.length;
}

/** Of a UNION ALL of many alike, two. */
function withoutRepeats(text: string): string {
  const branches = text.replaceAll(/\bbranch_\d+/g, 'branch').split(' UNION ALL ');
  return [branches[0], ...branches.slice(1).slice(-1)].join(' UNION ALL ');
}
