type TimeName = `${string}_${'after' | 'before' | 'time'}`;

/** What may be sent for `T` of the OpenAPI document: times may be dates too. Those of answers are text, as in JSON. */
export type Outgoing<T> = T extends (infer Item)[]
  ? Outgoing<Item>[]
  : T extends object
    ? { [Name in keyof T]: Name extends TimeName ? T[Name] | Date : Outgoing<T[Name]> }
    : T;

/** The query of an operation, without what `RequestOptions` say. */
export type QueryOf<Operation extends { query?: object }> = Outgoing<
  Omit<NonNullable<Operation['query']>, 'tenant_id' | 'tenant_unit_id'>
>;
