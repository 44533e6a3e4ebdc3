/** A request that is to be carried out once, however often it is sent. */
export interface KeyedRequest {
  /** Digest of the credential, the unit it is bound to, and its Idempotency-Key. */
  readonly id: string;
  /** Digest of method, path, query and body: the same for the same request. */
  readonly fingerprint: string;
}

/** How a write came out. */
interface Outcome {
  /** False where what was asked for was there already, so that nothing was made. */
  readonly isNew: boolean;
  /** True where an earlier request with the same key had done it. */
  readonly isReplay: boolean;
}

/** The request on whose behalf something is done: named in what it leaves behind, and told how its write came out. */
export class ActingRequest {
  /** Undefined without an Idempotency-Key. */
  key: KeyedRequest | undefined;
  /** Undefined until something was written. */
  outcome: Outcome | undefined;

  /** How much it sent, which is about what it writes. */
  bytes = 0;

  /** Null: nobody's request, but work of the service itself. */
  constructor(readonly id: string | null) {}
}
