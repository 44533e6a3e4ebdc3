import { z } from 'zod';

/**
 * The structure that OpenAPI 3.1 asks of a document (https://spec.openapis.org/oas/v3.1.1.html), as far as
 * Colloquy uses it. All objects are strict: what is not known here is either a mistake or new.
 */
const reference = z.strictObject({ $ref: z.string().startsWith('#/components/') });
const orReference = <T extends z.ZodType>(type: T) => z.union([reference, type]);

/** JSON Schema 2020-12; the keywords of OpenAPI 3.0 that it took the place of (`nullable`, `example`) are not in it. */
const schema: z.ZodType = z.lazy(() =>
  z.strictObject({
    $ref: z.string().startsWith('#/components/schemas/').optional(),
    type: z.union([schemaType, z.array(schemaType).min(2)]).optional(),
    format: z.enum(['uuid', 'date-time', 'uri-reference']).optional(),
    description: z.string().min(1).optional(),
    default: z.unknown().optional(),
    examples: z.array(z.unknown()).min(1).optional(),
    enum: z.array(z.string()).min(1).optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
    items: schema.optional(),
    allOf: z.array(schema).min(1).optional(),
    anyOf: z.array(schema).min(1).optional(),
    pattern: z.string().optional(),
    minLength: z.int().min(0).optional(),
    maxLength: z.int().min(1).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minItems: z.int().min(0).optional(),
    maxItems: z.int().min(1).optional(),
  }),
);
const schemaType = z.enum(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);

const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(['query', 'header', 'path']),
  description: z.string().min(1),
  required: z.boolean().optional(),
  schema,
});
const header = z.strictObject({ description: z.string().min(1), required: z.boolean().optional(), schema });
const example = z.strictObject({
  summary: z.string().min(1).optional(),
  description: z.string().min(1).optional(),
  value: z.unknown().optional(),
});
const content = z.record(
  z.string().regex(/^(application\/((problem\+)?json|x-ndjson)|text\/event-stream)$/),
  z.strictObject({ schema, examples: z.record(z.string(), orReference(example)).optional() }),
);
const response = z.strictObject({
  description: z.string().min(1),
  headers: z.record(z.string(), orReference(header)).optional(),
  content: content.optional(),
});
const operation = z.strictObject({
  operationId: z.string().min(1),
  summary: z.string().min(1),
  description: z.string().min(1),
  tags: z.array(z.string()).length(1),
  parameters: z.array(orReference(parameter)),
  requestBody: z
    .strictObject({ description: z.string().optional(), required: z.boolean(), content })
    .optional(),
  responses: z.record(z.string().regex(/^[2-5]\d\d$/), orReference(response)),
  security: z.array(z.record(z.string(), z.array(z.string()))).min(1),
});

/** What is sent to a receiver: its answer is no answer of the service, and it asks for no credential of it. */
const delivery = operation.extend({
  security: z.tuple([]),
  requestBody: z.strictObject({ required: z.literal(true), content }),
  responses: z.record(z.string().regex(/^([2-5]\d\d|2XX)$/), response),
});

/** Names of components (section 4.8.7.2). */
const named = <T extends z.ZodType>(type: T) =>
  z.record(z.string().regex(/^[a-zA-Z0-9._-]+$/), type).optional();

export const openApiStructure = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({
    title: z.string().min(1),
    version: z.string().min(1),
    description: z.string().min(1),
    contact: z.strictObject({}).optional(),
  }),
  servers: z.array(z.strictObject({ url: z.string().min(1), description: z.string().optional() })).min(1),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string().min(1) })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'patch', 'delete']), operation),
  ),
  webhooks: z.record(z.string(), z.strictObject({ post: delivery })),
  components: z.strictObject({
    schemas: named(schema),
    parameters: named(parameter),
    headers: named(header),
    responses: named(response),
    securitySchemes: named(
      z.discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('http'),
          scheme: z.literal('bearer'),
          bearerFormat: z.string().optional(),
          description: z.string().min(1),
        }),
        z.strictObject({
          type: z.literal('apiKey'),
          in: z.enum(['header', 'query', 'cookie']),
          name: z.string().min(1),
          description: z.string().min(1),
        }),
      ]),
    ),
  }),
});

type Document = z.infer<typeof openApiStructure>;
export type OpenApiOperation = z.infer<typeof operation>;

interface FoundOperation {
  method: string;
  path: string;
  operation: OpenApiOperation;
}

/** The operations of a document in its order. */
export const operationsOf = ({ paths }: Document): FoundOperation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, found]) => ({ method, path, operation: found })),
  );

/** Bodies to send to an operation: its examples by name, or without them one made of those of the properties. */
export function requestExamplesOf(document: Document, { requestBody }: OpenApiOperation): object[] {
  const body = requestBody?.content['application/json'];
  if (!body) return [];
  const { examples, schema } = requestContent.parse(body);
  if (examples) return Object.values(examples).map(({ value }) => value);
  const { properties } = describedObject.parse(resolve(document, schema.$ref));
  const withExample = Object.entries(properties).filter(([, property]) => property.examples);
  return [Object.fromEntries(withExample.map(([name, property]) => [name, property.examples?.[0]]))];
}
const requestContent = z.object({
  schema: reference,
  examples: z.record(z.string(), z.object({ value: z.record(z.string(), z.unknown()) })).optional(),
});
const describedObject = z.object({
  properties: z.record(z.string(), z.object({ examples: z.array(z.unknown()).optional() })),
});

/** Every reference in a part of a document. */
export const referencesIn = (part: unknown): string[] =>
  [...JSON.stringify(part).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target = '']) => target);

/** What a reference leads to; undefined when it leads nowhere. */
export function resolve(document: Document, target: string): unknown {
  let part: unknown = document;
  for (const key of target.slice(2).split('/'))
    part = typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined;
  return part;
}
