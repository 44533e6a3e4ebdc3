import { Buffer } from 'node:buffer';
import type { Link } from '../../support/tcp-proxy.js';

/** What the publisher sends to the database, one trip after the other. */
export const TRIPS = {
  'locks the epoch, reads what is pending and the marks': 'FROM event_pending AS pending LEFT JOIN feed',
  'writes into the feed, removes what is pending and moves the marks': 'INSERT INTO event (',
  commits: 'COMMIT',
} as const;
export type Trip = keyof typeof TRIPS;

/** Stands between a publisher and its database and says when a trip is done there and its answer is under way. */
export class PublisherTrips {
  #armed: { trip: Trip; reached: () => void } | undefined;

  /** Resolves in the middle of this trip, the next time that it is made; its answer is held back for ever. */
  middleOf(trip: Trip): Promise<void> {
    return new Promise((reached) => (this.#armed = { trip, reached }));
  }

  readonly join = ({ client, server }: Link): void => {
    let isPublishing = false;
    let held: (() => void) | undefined;
    client.on('data', (chunk: Buffer) => {
      isPublishing ||= chunk.includes('INSERT INTO event (');
      const { trip, reached } = this.#armed ?? {};
      if (trip && chunk.includes(TRIPS[trip]) && (trip !== 'commits' || isPublishing)) {
        held = reached;
        this.#armed = undefined;
      }
      if (chunk.includes(TRIPS.commits)) isPublishing = false;
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (held) held();
      else client.write(chunk);
    });
    client.once('end', () => server.end());
    server.once('end', () => client.end());
  };
}
