import type { ConversationDraft } from '../formats/draft.js';
import { Unreadable } from '../formats/draft.js';
import { Feedback } from '../formats/feedback.js';
import { type ConversationFormat, type Format, isRowFormat, type RowFormat } from '../formats/format.js';
import { messageRows, withoutKey } from '../formats/messages.js';
import { isPiece, type Piece, type Recogniser } from '../formats/recognise.js';
import type { JsonObject } from '../json.js';
import { type ReadCount, type Source, sourcesIn } from './bytes.js';
import { joinExport } from './own-export.js';
import type { Found } from './splitter.js';
import { valuesIn } from './values.js';

/** A conversation that was read, or something that could not be. */
export type Reading = { source: string; place: string; entries: unknown[] } & (
  { format: Format; draft: ConversationDraft } | { fault: string; format?: Format }
);

export const NOTHING_KNOWN = 'nothing that is known';

/** A conversation's pieces, until the last of the file is seen. */
interface Group {
  format: RowFormat;
  key: string;
  place: string;
  rows: JsonObject[];
}

/** Reads every conversation of a file, in its order; those that are spread over rows come last. Throws CannotRun. */
export async function* readFile(
  path: string,
  recogniser: Recogniser,
  count: ReadCount,
): AsyncGenerator<Reading> {
  const feedback = new Feedback();
  for await (const source of sourcesIn(path, count, (member) => Feedback.isIn(member))) {
    if (Feedback.isIn(source.name)) {
      for await (const found of valuesIn(source.bytes, () => false, count))
        if ('value' in found) feedback.add(found.value);
      continue;
    }
    for await (const reading of readSource(source, recogniser, count))
      yield 'draft' in reading ? { ...reading, draft: feedback.addTo(reading.draft) } : reading;
  }
}

async function* readSource(
  { name: source, bytes }: Source,
  recogniser: Recogniser,
  count: ReadCount,
): AsyncGenerator<Reading> {
  const groups = new Map<string, Group>();
  const values = valuesIn(bytes, (value) => recogniser.isEntry(value), count);
  for await (const found of joinExport(values)) {
    if ('fault' in found) {
      yield { source, place: found.place, fault: found.fault, entries: 'text' in found ? [found.text] : [] };
      continue;
    }
    for (const piece of piecesIn(found, recogniser)) {
      const { place } = piece;
      if (!isPiece(piece)) {
        yield { source, place, fault: NOTHING_KNOWN, entries: [piece.entry] };
      } else if (isRowFormat(piece.format)) {
        addRow(groups, piece.format, piece);
      } else {
        yield* read(source, place, piece.format, [piece.entry], () => named(readOne(piece), piece.key));
      }
    }
  }
  for (const { format, key, place, rows } of groups.values()) {
    const better = format === messageRows ? recogniser.togetherAs(rows) : undefined;
    const readTogether = (one: ConversationFormat) =>
      named(one.read({ messages: rows.map(withoutKey) }), key === '' ? undefined : key);
    yield* read(source, place, better ?? format, rows, () =>
      better ? readTogether(better) : format.readRows(rows, key),
    );
  }
}

function* piecesIn(found: Extract<Found, { value: unknown }>, recogniser: Recogniser) {
  const { value, place, key } = found;
  for (const piece of recogniser.find(value, place) ?? [{ entry: value, place }]) {
    yield key === undefined || !isPiece(piece) ? piece : { key, ...piece };
  }
}

const readOne = ({ format, entry }: Piece) => (isRowFormat(format) ? [] : format.read(entry));

/** Where a conversation has no name of its own, the one that it stands under. */
function named(
  drafts: ConversationDraft | ConversationDraft[],
  key: string | undefined,
): ConversationDraft[] {
  const list = Array.isArray(drafts) ? drafts : [drafts];
  return list.map((draft) =>
    key === undefined || draft.external_id !== undefined ? draft : { ...draft, id: draft.id ?? key },
  );
}

function addRow(groups: Map<string, Group>, format: RowFormat, { entry, place }: Piece): void {
  const key = format.keyOf(entry);
  if (key === undefined) return;
  const name = `${format.name}\n${key}`;
  const group = groups.get(name) ?? { format, key, place, rows: [] };
  group.rows.push(entry);
  groups.set(name, group);
}

function* read(
  source: string,
  place: string,
  format: Format,
  entries: unknown[],
  readDrafts: () => ConversationDraft | ConversationDraft[],
): Generator<Reading> {
  try {
    const drafts = readDrafts();
    for (const draft of Array.isArray(drafts) ? drafts : [drafts])
      yield { source, place, format, draft, entries };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    yield { source, place, format, fault: error.message, entries };
  }
}
