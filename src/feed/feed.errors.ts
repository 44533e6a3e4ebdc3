import { DomainError } from '../common/errors/domain-error.js';

/** What follows an id cannot be told without a gap; `earliest` is the id behind which the first event that is kept follows. */
export class EventsExpired extends DomainError {
  constructor(readonly earliest: string) {
    super('events_expired', 'What follows this id is not known any more.', { members: { earliest } });
  }
}
