import { readFileSync } from 'node:fs';
import { operationsOf } from './openapi-structure.js';

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

/** The operations of openapi.json, in its order. */
export const OPERATIONS = operationsOf(
  JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')),
).map(({ method, path, operation }): Operation => ({
  id: operation.operationId,
  method: method.toUpperCase(),
  path,
}));
