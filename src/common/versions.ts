import { DomainError } from './errors/domain-error.js';

/** Which versions of a thing a change may be made to; undefined: any. */
export type ExpectedVersions = readonly number[] | undefined;

/** The thing has changed since the version that the client has seen. */
class PreconditionFailed extends DomainError {
  constructor() {
    super('precondition_failed', 'It has changed since: none of the tags in If-Match is its current one.');
  }
}

/** Throws PreconditionFailed unless `version` is expected. */
export function assertExpected(expected: ExpectedVersions, version: number): void {
  if (expected && !expected.includes(version)) throw new PreconditionFailed();
}
