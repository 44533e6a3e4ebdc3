import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { operationsOf, requestExamplesOf } from './openapi-structure.js';

/** An operation of openapi.json, and a request to it that succeeds. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  /** The scope that it asks for. */
  readonly scope: string;
  /** A body that it accepts, the first example; undefined where it takes none. */
  readonly body: object | undefined;
  readonly isBodyRequired: boolean;
}

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));

/** Stories about every operation take them from here: what is new is in them without another line. */
export const OPERATIONS = operationsOf(document).map(({ method, path, operation }): Operation => {
  const [scope] = z.tuple([z.string()]).parse(operation.security[0]?.['bearer']);
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    tag: operation.tags[0] ?? '',
    scope,
    body: requestExamplesOf(document, operation)[0],
    isBodyRequired: operation.requestBody?.required ?? false,
  };
});

/** For `it.each`. */
export const byId = (operations: readonly Operation[]) =>
  operations.map((operation) => [operation.id, operation] as const);

/** The operations, with those that take away what the others need at the end. */
export const DELETED_LAST = OPERATIONS.toSorted(
  (a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'),
);

/** A path with ids in it, by the names of its parameters. */
export const addressOf = (
  { path }: { readonly path: string },
  ids: Readonly<Record<string, string>>,
): string => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '');
