/** What others call what has another name here. Only names that the place knows are ever suggested. */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    role: ['message_from'],
    sender: ['message_from'],
    author: ['message_from'],
    text: ['content'],
    message: ['content', 'messages'],
    title: ['topic'],
    name: ['topic'],
    page: ['page_num'],
    page_num: ['page'],
    limit: ['page_size'],
    per_page: ['page_size'],
    sort: ['order'],
    after: ['after_sequence', 'cursor'],
    before: ['before_sequence'],
    id: ['external_id'],
    thread_id: ['external_id'],
    agent: ['agent_id'],
    user: ['user_id'],
    state: ['status'],
    properties: ['extend_properties'],
    assistant: ['agent'],
    ai: ['agent'],
    model: ['agent'],
    bot: ['agent'],
    human: ['user'],
    developer: ['system'],
    function: ['tool'],
    done: ['completed'],
    finished: ['completed'],
    success: ['completed'],
    error: ['failed'],
    in_progress: ['running'],
    pending: ['queued'],
    requires_action: ['input_required'],
    newest: ['recent'],
    desc: ['recent'],
    asc: ['oldest'],
  }),
);
const MAX_LENGTH = 64;

/** The known name that is probably meant by another one; undefined where none is near. */
export function suggestionFor(given: string, known: Iterable<string>): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const name = asSnakeCase(given);
  const names = [...known];
  const synonym = SYNONYMS.get(name)?.find((other) => names.includes(other));
  if (synonym !== undefined) return synonym;
  const near = names
    .map((other) => ({ other, distance: distance(name, other) }))
    .filter(({ other, distance: edits }) => edits <= Math.floor(Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.other;
}

export const didYouMean = (name: string): string => `did you mean ${name}?`;

/** `messageFrom`, `Message-From` and `message_from[]` are `message_from`. */
const asSnakeCase = (text: string): string =>
  text
    .replace(/\[\]$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();

/** How many characters have to be inserted, removed or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, character] of [...a].entries()) {
    let previous = i + 1;
    const next = [previous];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push((previous = Math.min(replaced, (row[j + 1] ?? 0) + 1, previous + 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
