import { isDeepStrictEqual } from 'node:util';
import { Changes } from './changes.js';
import { copiesOf, differencesOf, disorderIn, Follower, foldOf, readFeed } from './feed.js';

interface Plan {
  /** Where the replicas are now. */
  serviceUrls: () => readonly string[];
  /** Those that readers ask; the same, unless told otherwise. */
  readerUrls?: () => readonly string[];
  writers?: number;
  /** How long nothing may come before a feed is at its end. */
  quietSeconds?: number;
}

const WRITERS = 12;
let trials = 0;

/** Changes of two tenants under way, and readers who follow their feeds from the beginning. */
export class FeedTrial {
  readonly tenants: readonly string[];
  readonly changes: Changes;
  readonly #followers: ReadonlyMap<string, Follower>;

  constructor(private readonly plan: Plan) {
    const trial = ++trials;
    this.tenants = [`feed-${trial}-a`, `feed-${trial}-b`];
    const { serviceUrls, readerUrls = serviceUrls, writers = WRITERS, quietSeconds } = plan;
    this.changes = new Changes({ serviceUrls, tenants: this.tenants, writers });
    this.#followers = new Map(
      this.tenants.map((tenant) => [tenant, new Follower(tenant, readerUrls, 'earliest', quietSeconds)]),
    );
  }

  /** Ends it, and counts. `faults` names what is wrong; it is empty when all is well. */
  async finish() {
    await this.changes.stop();
    const verdicts = await Promise.all(this.tenants.map((tenant) => this.#judge(tenant)));
    const sum = (name: 'acknowledged' | 'read' | 'doubled' | 'missing' | 'disorder') =>
      verdicts.reduce((total, verdict) => total + verdict[name], 0);
    return {
      faults: [...this.changes.unexpected, ...verdicts.flatMap(({ faults }) => faults)],
      figures: {
        acknowledged: sum('acknowledged'),
        read: sum('read'),
        doubled: sum('doubled'),
        missing: sum('missing'),
        'out of order': sum('disorder'),
        'requests repeated': this.changes.repeated,
      },
    };
  }

  async #judge(tenant: string) {
    const follower = this.#followers.get(tenant);
    await follower?.stop();
    const { events = [], unexpected = [] } = follower ?? {};
    const expected = this.changes.expected.get(tenant) ?? new Map<string, number>();
    const disorder = disorderIn(events);
    const counts = new Map<string, number>();
    for (const { request_id } of events)
      counts.set(String(request_id), (counts.get(String(request_id)) ?? 0) + 1);
    const differences = [...new Set([...expected.keys(), ...counts.keys()])].map(
      (id) => [id, (counts.get(id) ?? 0) - (expected.get(id) ?? 0)] as const,
    );
    const [url = ''] = this.plan.serviceUrls();
    const [again, truth] = [await readFeed(url, tenant), await copiesOf(url, tenant)];
    const total = (some: readonly number[]) => some.reduce((sum, count) => sum + Math.abs(count), 0);
    return {
      acknowledged: total([...expected.values()]),
      read: events.length,
      doubled: total(differences.map(([, difference]) => Math.max(0, difference))),
      missing: total(differences.map(([, difference]) => Math.min(0, difference))),
      disorder: disorder.length,
      faults: [
        ...unexpected,
        ...disorder.map((told) => `out of order: ${told}`),
        ...differences.filter(([, difference]) => difference !== 0).map(([id, n]) => `${n} events of ${id}`),
        ...differencesOf(foldOf(events), truth).map((id) => `${id} is not what the feed tells`),
        ...(isDeepStrictEqual(again, events) ? [] : ['another order when it is read once more']),
      ],
    };
  }
}
