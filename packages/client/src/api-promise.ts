/** An answer, with what its headers say. */
export interface Answer<T> {
  data: T;
  status: number;
  headers: Headers;
  /** Under which the service has logged the request. */
  requestId: string;
  /** For `ifMatch`; null where the answer is not one conversation or message. */
  etag: string | null;
  /** True when the service had carried out this request before, under the same `Idempotency-Key`. */
  replayed: boolean;
  /** How often the request was sent. */
  attempts: number;
}

/** A promise of what was asked for, that can tell of the answer too. */
export class ApiPromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'ApiPromise';
  readonly #answer: Promise<Answer<T>>;

  constructor(answer: Promise<Answer<T>>) {
    this.#answer = answer;
  }

  /** The same, with status, headers, request id and ETag. */
  withResponse(): Promise<Answer<T>> {
    return this.#answer;
  }

  then<Value = T, Other = never>(
    onFulfilled?: ((value: T) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    return this.#answer.then(({ data }) => data).then(onFulfilled, onRejected);
  }

  catch<Other = never>(
    onRejected?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<T | Other> {
    return this.then(null, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }
}
