import assert from 'node:assert/strict';

interface Page {
  ids: string[];
  next: string | null;
}

/** What each generated client has to do: the requests of the README, a walk by cursor, and a failure that is handled. */
export interface Requests {
  create(topic: string): Promise<string>;
  say(id: string, content: string): Promise<number>;
  total(): Promise<number | null>;
  complete(id: string): Promise<string>;
  remove(id: string): Promise<number>;
  page(cursor: string | undefined): Promise<Page>;
  /** The code of the problem, where it is one. */
  problemOf(id: string): Promise<string | undefined>;
}

export async function play(requests: Requests): Promise<void> {
  const ids = [await requests.create('one'), await requests.create('two'), await requests.create('three')];
  const [id = ''] = ids;
  assert.equal(await requests.say(id, 'A table for 2 at half past 11, please.'), 1);
  assert.equal(await requests.total(), 3);
  assert.equal(await requests.complete(id), 'completed');

  const walked: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: Page = await requests.page(cursor);
    walked.push(...page.ids);
    cursor = page.next;
  }
  assert.deepEqual(walked, ids.toReversed());

  assert.equal(await requests.problemOf(id), undefined);
  for (const one of ids) assert.equal(await requests.remove(one), 204);
  assert.equal(await requests.problemOf(id), 'conversation_not_found');
  console.log('played');
}
