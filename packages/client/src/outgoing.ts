type TimeName = `${string}_${'after' | 'before' | 'time'}`;

/**
 * What may be sent for `T` of the OpenAPI document: times may be dates too, and objects of any members may have an
 * interface for their type. Times of answers are text, as in JSON.
 */
export type Outgoing<T> = T extends readonly (infer Item)[]
  ? readonly Outgoing<Item>[]
  : T extends object
    ? string extends keyof T
      ? T | (NamedMembers<T> & NoArray)
      : { [Name in keyof T]: Name extends TimeName ? T[Name] | Date : Outgoing<T[Name]> }
    : T;

/** An interface has no index signature, so TypeScript takes it for no object of any members. */
type NamedMembers<T> = {
  [Name in keyof T as string extends Name ? never : number extends Name ? never : Name]: T[Name];
};

type NoArray = object & { [Symbol.iterator]?: never };

/** The query of an operation, without what `RequestOptions` say. */
export type QueryOf<Operation extends { query?: object }> = Outgoing<
  Omit<NonNullable<Operation['query']>, 'tenant_id' | 'tenant_unit_id'>
>;
