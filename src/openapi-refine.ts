import type { OpenAPIObject } from '@nestjs/swagger';

/** The package does not export these by their names. */
type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Components = NonNullable<OpenAPIObject['components']>;
type Part<Section extends keyof Components> = NonNullable<Components[Section]>[string];
type ReferenceObject = Extract<Part<'schemas'>, { $ref: string }>;
type ParameterObject = Exclude<Part<'parameters'>, ReferenceObject>;
type Schema = Part<'schemas'>;

/** What every operation or answer has, and nobody looks for first. */
const LAST_PARAMETERS = ['tenant_id', 'tenant_unit_id'];
const LAST_PROPERTIES = /^(version|created_\w+|updated_\w+)$/;

/** What is the same wherever it stands, by its name or status: it becomes a component. */
const SHARED_PARAMETERS = new Map([
  ['conversation_id', 'ConversationId'],
  ['message_id', 'MessageId'],
  ['tenant_id', 'TenantId'],
  ['tenant_unit_id', 'TenantUnitId'],
  ['Idempotency-Key', 'IdempotencyKey'],
  ['If-Match', 'IfMatch'],
  ['If-None-Match', 'IfNoneMatch'],
]);
const SHARED_RESPONSES = new Map([
  ['401', 'Unauthenticated'],
  ['412', 'PreconditionFailed'],
  ['413', 'PayloadTooLarge'],
  ['415', 'UnsupportedMediaType'],
  ['429', 'RateLimited'],
  ['500', 'InternalError'],
  ['503', 'Unavailable'],
]);

/** Finishes Nest's document: says only once what every operation repeats. */
export function refine(generated: OpenAPIObject): OpenAPIObject {
  const document = structuredClone(generated);
  const operations = Object.values(document.paths).flatMap((path) =>
    [path.get, path.post, path.patch, path.put, path.delete].filter((operation) => operation !== undefined),
  );
  const schemas = document.components?.schemas ?? {};
  const shared: Required<Pick<Components, 'parameters' | 'responses' | 'headers'>> = {
    parameters: {},
    responses: {},
    headers: {},
  };
  for (const operation of operations) {
    for (const parameter of parametersOf(operation)) {
      if (!parameter.schema) continue;
      useExamplesOf31(parameter.schema);
      parameter.schema = direct(parameter.schema);
    }
    share(operation, shared);
  }
  for (const schema of Object.values(schemas)) {
    useExamplesOf31(schema);
    if (isReference(schema) || !schema.properties) continue;
    const properties = Object.entries(schema.properties);
    schema.properties = Object.fromEntries(withLast(properties, ([name]) => LAST_PROPERTIES.test(name)));
  }
  document.components = { ...document.components, ...shared };
  return document;
}

/** `example` became `examples` with JSON Schema 2020-12. Swagger UI does not prefill parameters from these. */
function useExamplesOf31(schema: Schema): void {
  if (isReference(schema)) return;
  if (schema.example !== undefined) {
    schema.examples = [schema.example];
    delete schema.example;
  }
  for (const property of Object.values(schema.properties ?? {})) useExamplesOf31(property);
  for (const part of [...(schema.allOf ?? []), ...(schema.anyOf ?? [])]) useExamplesOf31(part);
  if (schema.items) useExamplesOf31(schema.items);
}

/** `allOf` of one reference and nothing else is that reference. */
function direct(schema: Schema): Schema {
  if (isReference(schema) || Object.keys(schema).length > 1) return schema;
  const [only, ...others] = schema.allOf ?? [];
  return only && others.length === 0 ? only : schema;
}

/** Puts references in an operation to what is shared, which is added to `shared`. */
function share(
  operation: OperationObject,
  shared: Required<Pick<Components, 'parameters' | 'responses' | 'headers'>>,
): void {
  operation.parameters = parametersOf(operation).map((parameter) => {
    const name = SHARED_PARAMETERS.get(parameter.name);
    // A filter may be called as what stands in other paths.
    const known = name === undefined ? undefined : shared.parameters[name];
    if (name === undefined || (known && 'in' in known && known.in !== parameter.in)) return parameter;
    shared.parameters[name] = parameter;
    return { $ref: `#/components/parameters/${name}` };
  });
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || isReference(response)) continue;
    for (const [field, header] of Object.entries(response.headers ?? {})) {
      const name = field.replaceAll('-', '');
      shared.headers[name] = header;
      response.headers = { ...response.headers, [field]: { $ref: `#/components/headers/${name}` } };
    }
    const name = SHARED_RESPONSES.get(status);
    if (name === undefined) continue;
    shared.responses[name] = response;
    operation.responses[status] = { $ref: `#/components/responses/${name}` };
  }
}

function withLast<T>(items: readonly T[], isLast: (item: T) => boolean): T[] {
  return [...items.filter((item) => !isLast(item)), ...items.filter(isLast)];
}

/** The parameters of an operation, each once: those of its query are told by the operation and by its handler. */
function parametersOf({ parameters = [] }: OperationObject): ParameterObject[] {
  const byName = new Map(parameters.filter(isParameter).map((parameter) => [parameter.name, parameter]));
  return withLast([...byName.values()], ({ name }) => LAST_PARAMETERS.includes(name));
}

const isParameter = (part: ParameterObject | ReferenceObject): part is ParameterObject => !isReference(part);

function isReference(part: object): part is ReferenceObject {
  return '$ref' in part;
}
