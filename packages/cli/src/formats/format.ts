import type { JsonObject } from '../json.js';
import type { ConversationDraft } from './draft.js';

/** How a shape of chat history is known and read. */
interface Known {
  /** The beginning of the `external_id`s, and what `--format` takes. */
  name: string;
  /** For people. */
  title: string;
  /** Whether an object of a file has this shape; asked in the order of the table. */
  knows(entry: JsonObject): boolean;
}

/** One object is one conversation, or several that belong together. Throws Unreadable. */
export interface ConversationFormat extends Known {
  read(entry: JsonObject): ConversationDraft | ConversationDraft[];
}

/** One object is a piece of a conversation. */
export interface RowFormat extends Known {
  /** Which conversation a row belongs to; undefined for one that says nothing about it, which is passed over. */
  keyOf(row: JsonObject): string | undefined;
  /** All rows of a conversation, in the order of the file. Throws Unreadable. */
  readRows(rows: JsonObject[], key: string): ConversationDraft | ConversationDraft[];
}

export type Format = ConversationFormat | RowFormat;

export const isRowFormat = (format: Format): format is RowFormat => 'readRows' in format;
