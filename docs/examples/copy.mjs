/**
 * Keeps a copy of all conversations of a tenant in a SQLite file, by the method of docs/events.md and nothing else:
 *
 *     COLLOQUY_URL=http://127.0.0.1:3000 node docs/examples/copy.mjs copy.sqlite             # until it is stopped
 *     COLLOQUY_URL=http://127.0.0.1:3000 node docs/examples/copy.mjs copy.sqlite --compare   # with what is there now
 *
 * COLLOQUY_TOKEN is a token or key with the scopes events:read and conversations:read. It may be killed at any time:
 * what it has done and how far it has read are written in one transaction.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const BASE_URL = `${process.env.COLLOQUY_URL ?? 'http://127.0.0.1:3000'}/admin/api/v2`;
const TOKEN = process.env.COLLOQUY_TOKEN;
const PAUSE_MS = 500;
const [path = 'copy.sqlite', mode] = process.argv.slice(2);

const file = new DatabaseSync(path);
file.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY CHECK (id = 1), after TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS conversation (id TEXT PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS message (
    conversation_id TEXT, sequence INTEGER, json TEXT NOT NULL, PRIMARY KEY (conversation_id, sequence))`);
const statement = {
  place: file.prepare('SELECT after FROM place'),
  setPlace: file.prepare('INSERT OR REPLACE INTO place VALUES (1, ?)'),
  last: file.prepare('SELECT COALESCE(MAX(sequence), 0) AS last FROM message WHERE conversation_id = ?'),
  putConversation: file.prepare('INSERT OR REPLACE INTO conversation VALUES (?, ?)'),
  putMessage: file.prepare('INSERT OR REPLACE INTO message VALUES (?, ?, ?)'),
  removeConversation: file.prepare('DELETE FROM conversation WHERE id = ?'),
  removeMessages: file.prepare('DELETE FROM message WHERE conversation_id = ?'),
};

/** The body of an answer, or its problem with the status; asked for again while the service cannot be reached. */
async function get(resource) {
  for (;;) {
    const headers = TOKEN ? { authorization: `Bearer ${TOKEN}` } : {};
    const answer = await fetch(BASE_URL + resource, { headers }).catch(() => undefined);
    const body = await answer?.json().catch(() => undefined);
    if (body && (answer.ok || [404, 410].includes(answer.status))) return body;
    if (answer && answer.status < 500 && ![408, 429].includes(answer.status))
      throw new Error(`${resource}: ${answer.status} ${body?.detail ?? ''}`);
    await sleep(PAUSE_MS);
  }
}

async function* conversations() {
  for (let cursor = ''; cursor !== null;) {
    const page = await get(`/conversations?page_size=200&cursor=${encodeURIComponent(cursor)}`);
    yield* page.data;
    cursor = page.next_cursor;
  }
}

/** The messages behind a sequence; none of a conversation that is gone. */
async function messagesOf(id, after = 0) {
  const messages = [];
  for (let last = after; ; last = messages.at(-1)?.sequence ?? last) {
    const page = await get(`/conversations/${id}/messages?page_size=200&after_sequence=${last}`);
    messages.push(...(page.data ?? []));
    if (!page.has_next_page) return messages;
  }
}

function inTransaction(write) {
  file.exec('BEGIN IMMEDIATE');
  write();
  file.exec('COMMIT');
}

function remove(id) {
  statement.removeConversation.run(id);
  statement.removeMessages.run(id);
}

function put(conversation, messages) {
  statement.putConversation.run(conversation.id, JSON.stringify(conversation));
  for (const message of messages)
    statement.putMessage.run(conversation.id, message.sequence, JSON.stringify(message));
}

/** Reads everything; what happens meanwhile is read again by its events. */
async function copyAll() {
  const { next_after } = await get('/events?after=latest');
  const all = [];
  for await (const conversation of conversations())
    all.push([conversation, await messagesOf(conversation.id)]);
  inTransaction(() => {
    file.exec('DELETE FROM conversation; DELETE FROM message');
    for (const [conversation, messages] of all) put(conversation, messages);
    statement.setPlace.run(next_after);
  });
  return next_after;
}

/** Does what a page of events says, once for each conversation, and goes on behind it. */
async function apply({ data, next_after }) {
  const changes = new Map();
  for (const { type, conversation_id, data: told } of data) {
    const change = changes.get(conversation_id) ?? { changed: new Set() };
    if (type === 'message.updated' || type === 'message.redacted') change.changed.add(told.message_id);
    changes.set(conversation_id, change);
  }
  for (const [id, change] of changes) {
    // A problem has a status too, but no id: the conversation is gone, now or in an event that comes.
    change.conversation = await get(`/conversations/${id}`);
    if (!change.conversation.id) continue;
    const { last } = statement.last.get(id);
    change.messages = await messagesOf(id, last);
    for (const message of change.changed) {
      const read = await get(`/conversations/${id}/messages/${message}`);
      if (read.id) change.messages.push(read);
    }
  }
  inTransaction(() => {
    for (const [id, { conversation, messages }] of changes)
      if (conversation.id) put(conversation, messages);
      else remove(id);
    statement.setPlace.run(next_after);
  });
}

async function follow() {
  let after = statement.place.get()?.after ?? (await copyAll());
  for (;;) {
    const page = await get(`/events?limit=500&wait=20&after=${after}`);
    // What followed is not known any more: everything is read anew.
    if (page.code === 'events_expired') after = await copyAll();
    else {
      if (page.data.length > 0) await apply(page);
      else statement.setPlace.run(page.next_after);
      after = page.next_after;
    }
  }
}

/** Ends with 1 where the copy and the service differ in any member. */
async function compare() {
  const here = new Map(
    file
      .prepare('SELECT id, json FROM conversation')
      .all()
      .map(({ id, json }) => [id, json]),
  );
  const ofMessages = file.prepare('SELECT json FROM message WHERE conversation_id = ? ORDER BY sequence');
  let messages = 0;
  let different = 0;
  let count = 0;
  for await (const conversation of conversations()) {
    const there = await messagesOf(conversation.id);
    const copied = ofMessages.all(conversation.id).map(({ json }) => json);
    const isSame =
      here.get(conversation.id) === JSON.stringify(conversation) &&
      JSON.stringify(copied) === JSON.stringify(there.map((message) => JSON.stringify(message)));
    if (!isSame) different++;
    here.delete(conversation.id);
    count++;
    messages += there.length;
  }
  console.log(JSON.stringify({ conversations: count, messages, different, surplus: here.size }));
  process.exitCode = different + here.size > 0 ? 1 : 0;
}

await (mode === '--compare' ? compare() : follow());
