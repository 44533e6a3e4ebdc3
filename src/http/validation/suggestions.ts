import { nearest } from '../../common/nearest.js';

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
    tenant: ['tenant_id'],
    unit: ['tenant_unit_id'],
    tenant_unit: ['tenant_unit_id'],
    assignment: ['assignment_id'],
    run: ['run_id'],
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
  return nearest(name, names);
}

export const didYouMean = (name: string): string => `did you mean ${name}?`;

/** `messageFrom`, `Message-From` and `message_from[]` are `message_from`. */
const asSnakeCase = (text: string): string =>
  text
    .replace(/\[\]$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
