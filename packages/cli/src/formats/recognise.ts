import { isList, isObject, type JsonObject } from '../json.js';
import { type ConversationFormat, type Format, isRowFormat } from './format.js';
import { keyNameOf, messageRows } from './messages.js';
import { openai } from './openai.js';
import { FORMATS } from './table.js';

/** An object that a format knows, and where in its file it stands. */
export interface Piece {
  format: Format;
  entry: JsonObject;
  /** Under which name it stands, where conversations are members of an object. */
  key?: string;
  /** Within the value that it was found in: `entry 3`, or nothing for the whole value. */
  place: string;
}

/** What nobody knows, beside what is known. */
interface Unknown {
  entry: unknown;
  place: string;
}

/** Which objects to read how: what their content says, or one format for all. */
export class Recogniser {
  readonly #formats: readonly Format[];

  constructor(name?: string) {
    this.#formats = name === undefined ? FORMATS : FORMATS.filter((format) => format.name === name);
  }

  /** Whether a value can be read by itself, so that the elements beside it can too. */
  isEntry(value: unknown): boolean {
    if (isList(value)) return this.#bareList(value) !== undefined;
    return isObject(value) && this.#entryFormat(value) !== undefined;
  }

  /** The conversations, and pieces of such, in a value of a file; undefined when it has none. */
  find(value: unknown, place = ''): (Piece | Unknown)[] | undefined {
    if (isList(value)) return this.#inList(value, place);
    if (!isObject(value)) return undefined;
    const format = this.#entryFormat(value) ?? this.#formats.find((one) => one.knows(value));
    if (format) return [{ format, entry: value, place }];
    return this.#inMembers(value, place);
  }

  /** Rows that are messages may be those of a format that knows them better together. */
  togetherAs(rows: JsonObject[]): ConversationFormat | undefined {
    const format = this.#conversationFormat({ messages: rows });
    return format === openai ? undefined : format;
  }

  #entryFormat(value: JsonObject): Format | undefined {
    const format = this.#formats.find((one) => one.knows(value));
    return format === messageRows && keyNameOf(value) === undefined ? undefined : format;
  }

  #conversationFormat(value: JsonObject): ConversationFormat | undefined {
    const format = this.#formats.find(
      (one): one is ConversationFormat => !isRowFormat(one) && one.knows(value),
    );
    return format;
  }

  /** A list of messages is a conversation without a name. */
  #bareList(list: readonly unknown[]): { format: ConversationFormat; entry: JsonObject } | undefined {
    if (list.length === 0 || !list.every(isObject) || list.some((element) => this.#entryFormat(element)))
      return undefined;
    for (const name of ['messages', 'contents', 'items', 'conversations']) {
      const entry = { [name]: list };
      const format = this.#conversationFormat(entry);
      if (format) return { format, entry };
    }
    return undefined;
  }

  #inList(list: readonly unknown[], place: string): (Piece | Unknown)[] | undefined {
    const bare = this.#bareList(list);
    if (bare) return [{ ...bare, place }];
    if (!list.some((element) => this.isEntry(element))) return list.length === 0 ? [] : undefined;
    return list.flatMap((element, index) => {
      const where = `${place}${place && ', '}entry ${index + 1}`;
      return this.find(element, where) ?? [{ entry: element, place: where }];
    });
  }

  /** `{"conversations": […]}` and the like, or an object whose members are conversations. */
  #inMembers(source: JsonObject, place: string): (Piece | Unknown)[] | undefined {
    const lists = Object.values(source).flatMap((value) =>
      isList(value) && value.some((element) => this.isEntry(element)) ? [value] : [],
    );
    if (lists.length > 0) return lists.flatMap((list) => this.#inList(list, place) ?? []);
    const members = Object.entries(source);
    if (!members.some(([, value]) => this.isEntry(value))) return this.#inInner(members, place);
    return members.flatMap(([key, value]) => this.#named(key, value, place));
  }

  /** One level further down, as in `{"data": {"conversations": […]}}`. */
  #inInner(members: [string, unknown][], place: string): (Piece | Unknown)[] | undefined {
    if (members.length > 8) return undefined;
    const found = members.flatMap(([, value]) =>
      isObject(value) ? (this.#inMembers(value, place) ?? []) : [],
    );
    return found.length > 0 ? found : undefined;
  }

  #named(key: string, value: unknown, place: string): (Piece | Unknown)[] {
    const where = `${place}${place && ', '}entry "${key.slice(0, 80)}"`;
    const found = isList(value) || isObject(value) ? this.find(value, where) : undefined;
    if (!found) return isObject(value) || isList(value) ? [{ entry: value, place: where }] : [];
    return found.map((piece) => (found.length === 1 && 'format' in piece ? { ...piece, key } : piece));
  }
}

export const isPiece = (found: Piece | Unknown): found is Piece => 'format' in found;
