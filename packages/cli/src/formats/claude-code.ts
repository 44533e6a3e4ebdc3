import { at, isList, isObject, type JsonObject, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import type { ConversationDraft, MessageDraft } from './draft.js';
import { readConversationFields, titleOf } from './fields.js';
import type { RowFormat } from './format.js';
import { Members } from './members.js';
import { timeOf } from './times.js';

const MESSAGES = ['user', 'assistant', 'system'];
const TITLES = ['summary', 'customTitle', 'aiTitle'];

/**
 * A session file of Claude Code: a line an event, of which some are messages. Side chains (of sub-agents), and prompts
 * that were replaced by another, are branches.
 */
export const claudeCode: RowFormat = {
  name: 'claude-code',
  title: 'Claude Code session',
  knows: (row) =>
    (typeof row.sessionId === 'string' && typeof row.type === 'string' && !isList(row.messages)) ||
    (row.type === 'summary' && typeof row.leafUuid === 'string') ||
    (row.type === 'file-history-snapshot' && typeof row.messageId === 'string'),
  keyOf: (row) =>
    isMessage(row) || textOf(row.customTitle) || textOf(row.aiTitle) ? textOf(row.sessionId) : undefined,
  readRows(rows, key) {
    const turns = rows.filter(isMessage);
    const isSide = (row: JsonObject) => row.isSidechain === true;
    const replaced = replacedIn(turns);
    const isShown = (row: JsonObject) => !isSide(row) && !replaced.has(idOf(row));
    const [first] = turns;
    const { cwd, version, gitBranch } = first ?? {};
    const title = rows
      .flatMap((row) => TITLES.map((name) => titleOf(row[name])))
      .findLast((found) => found !== undefined);
    const fields = readConversationFields(new Members({ cwd, version, gitBranch }));
    const created = first ? timeOf(first.timestamp) : undefined;
    const branches = [...branchesOf(turns.filter((row) => !isShown(row)))];
    return {
      ...fields,
      id: key,
      topic: title,
      created_time: created,
      messages: toMessages(turns.filter(isShown)),
      ...(branches.length > 0 && { branches }),
    } satisfies ConversationDraft;
  },
};

const idOf = (row: JsonObject | undefined) => textOf(row?.uuid) ?? '';
const parentOf = (row: JsonObject) => textOf(row.parentUuid) ?? textOf(row.logicalParentUuid) ?? '';

function isMessage(row: JsonObject): boolean {
  if (typeof row.type !== 'string' || !MESSAGES.includes(row.type)) return false;
  return row.type === 'system' ? textOf(row.content) !== undefined : isObject(row.message);
}

const isPrompt = (row: JsonObject) => {
  const content = at(row, 'message', 'content');
  const isAnswer = isList(content) && content.some((part) => isObject(part) && part.type === 'tool_result');
  return row.type === 'user' && !isAnswer;
};

/** What hangs on a prompt that was written anew: of prompts with one parent, the last is shown. Parallel tool calls are no branches. */
function replacedIn(turns: readonly JsonObject[]): ReadonlySet<string> {
  const last = new Map(turns.filter(isPrompt).map((row) => [parentOf(row), idOf(row)]));
  const replaced = new Set<string>();
  for (const row of turns) {
    const parent = parentOf(row);
    const isOld = isPrompt(row) && parent !== '' && last.get(parent) !== idOf(row);
    if (isOld || replaced.has(parent)) replaced.add(idOf(row));
  }
  return replaced;
}

/** Rows that hang together, each group from its own first one. */
function* branchesOf(rows: readonly JsonObject[]): Generator<{ id: string; messages: MessageDraft[] }> {
  const groups = new Map<string, JsonObject[]>();
  const groupOf = new Map<string, string>();
  for (const row of rows) {
    const group = groupOf.get(parentOf(row)) ?? textOf(row.agentId) ?? idOf(row);
    groupOf.set(idOf(row), group);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  for (const [id, group] of groups) yield { id, messages: toMessages(group) };
}

/** An answer that is written in several lines names its tokens in each: the last one counts. */
function toMessages(rows: readonly JsonObject[]): MessageDraft[] {
  const lastOfAnswer = new Map(rows.map((row) => [at(row, 'message', 'id'), row]));
  return rows.map((row, index) => {
    const message = isObject(row.message) ? row.message : { role: 'system', content: row.content };
    const { id, usage, ...others } = message;
    const isCounted = id === undefined || lastOfAnswer.get(id) === row;
    const source = {
      ...others,
      ...(isCounted && usage !== undefined && { usage }),
      ...(id !== undefined && { message: id }),
      id: row.uuid,
      timestamp: row.timestamp,
    };
    return readChatMessage(source, index + 1);
  });
}
