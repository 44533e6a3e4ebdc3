import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shapeOf } from './statement-shapes.js';

/** One statement of each shape that the service sends to a server, a line each. */
const FILE = join(import.meta.dirname, 'statements.sql');
const isRecording = process.env.RECORD_STATEMENTS === 'true';

/** What stories send to prepare or to look; the service does not. */
const OF_STORIES = [
  /^INSERT INTO conversation_count .* FROM conversation\s+GROUP BY/s,
  /^SELECT \* FROM api_key$/,
  /^INSERT INTO (?:webhook|webhook_lane|webhook_retry|feed) \([^)]*\) VALUES \([^)]*\), /,
];

const shapes = new Set(readFileSync(FILE, 'utf8').trim().split('\n').map(shapeOf));

/** Whether the file has a statement of this one's shape; puts it there with RECORD_STATEMENTS=true. */
export function isKnown(statement: string): boolean {
  const shape = shapeOf(statement);
  if (shapes.has(shape) || OF_STORIES.some((known) => known.test(statement))) return true;
  if (!isRecording) return false;
  shapes.add(shape);
  appendFileSync(FILE, `${statement.replaceAll(/\s+/g, ' ').trim()}\n`);
  return true;
}
