import type { OpenAPIObject } from '@nestjs/swagger';

/** The package does not export these by their names. */
type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Components = NonNullable<OpenAPIObject['components']>;
type Part<Section extends keyof Components> = NonNullable<Components[Section]>[string];
type ReferenceObject = Extract<Part<'schemas'>, { $ref: string }>;
type ParameterObject = Exclude<Part<'parameters'>, ReferenceObject>;
type ResponseObject = Exclude<Part<'responses'>, ReferenceObject>;
type HeaderObject = Exclude<Part<'headers'>, ReferenceObject>;
type Schema = Part<'schemas'>;

/** What Nest cannot say of parameters in the path. */
const PATH_PARAMETERS: ReadonlyMap<string, { description: string; format: string }> = new Map([
  ['conversation_id', { description: '`id` of the conversation.', format: 'uuid' }],
  ['message_id', { description: '`id` of the message.', format: 'uuid' }],
]);

/** What every operation or answer has, and nobody looks for first. */
const LAST_PARAMETERS = ['tenant_id', 'tenant_unit_id'];
const LAST_PROPERTIES = /^(created|updated)_/;

/** Finishes Nest's document: describes the path, tells optional bodies, and says only once what it repeats. */
export function refine(generated: OpenAPIObject): OpenAPIObject {
  const document = structuredClone(generated);
  const operations = Object.values(document.paths).flatMap((path) =>
    [path.get, path.post, path.patch, path.put, path.delete].filter((operation) => operation !== undefined),
  );
  const schemas = document.components?.schemas ?? {};
  for (const operation of operations) {
    describePath(operation);
    tellWhetherBodyIsRequired(operation, schemas);
    operation.parameters = withLast(parametersOf(operation), ({ name }) => LAST_PARAMETERS.includes(name));
  }
  for (const { schema } of operations.flatMap(parametersOf)) if (schema) useExamplesOf31(schema);
  for (const schema of Object.values(schemas)) {
    useExamplesOf31(schema);
    if (isReference(schema) || !schema.properties) continue;
    const properties = Object.entries(schema.properties);
    schema.properties = Object.fromEntries(withLast(properties, ([name]) => LAST_PROPERTIES.test(name)));
  }
  document.components = { ...document.components, ...shareParts(operations) };
  return document;
}

function describePath(operation: OperationObject): void {
  for (const parameter of parametersOf(operation)) {
    const known = parameter.in === 'path' && PATH_PARAMETERS.get(parameter.name);
    if (!known) continue;
    parameter.description = known.description;
    parameter.schema = { type: 'string', format: known.format };
  }
}

/** A body in which nothing is required need not be sent at all. */
function tellWhetherBodyIsRequired({ requestBody }: OperationObject, schemas: Record<string, Schema>): void {
  if (!requestBody || isReference(requestBody)) return;
  const body = Object.values(requestBody.content)[0]?.schema;
  const schema = body && isReference(body) ? schemas[body.$ref.split('/').at(-1) ?? ''] : body;
  requestBody.required = schema !== undefined && !isReference(schema) && (schema.required ?? []).length > 0;
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

/** Puts references where parameters, headers and problem responses are repeated; returns those, for `components`. */
function shareParts(operations: readonly OperationObject[]) {
  const responses = new SharedParts<ResponseObject>('responses');
  const parameters = new SharedParts<ParameterObject>('parameters');
  const headers = new SharedParts<HeaderObject>('headers');

  for (const operation of operations) {
    for (const response of Object.values(operation.responses)) {
      if (!response || isReference(response)) continue;
      for (const [name, header] of Object.entries(response.headers ?? {})) headers.add(name, header);
    }
    for (const parameter of parametersOf(operation)) parameters.add(parameter.name, parameter);
  }
  for (const operation of operations) {
    for (const response of Object.values(operation.responses)) {
      if (!response || isReference(response)) continue;
      for (const [name, header] of Object.entries(response.headers ?? {}))
        response.headers = { ...response.headers, [name]: headers.referenceTo(header) };
      responses.add(problemsIn(response), response);
    }
    operation.parameters = operation.parameters?.map((parameter) => parameters.referenceTo(parameter));
  }
  for (const { responses: own } of operations) {
    for (const [status, response] of Object.entries(own)) {
      if (response && Number(status) >= 400) own[status] = responses.referenceTo(response);
    }
  }
  return { responses: responses.shared, parameters: parameters.shared, headers: headers.shared };
}

/** Parts of one kind; one that stands in several places, word for word, is shared. Namesakes are numbered. */
class SharedParts<T extends object> {
  readonly shared: Record<string, T> = {};
  readonly #known = new Map<string, { name: string; uses: number; sharedAs?: string }>();

  constructor(private readonly section: string) {}

  add(name: string, part: T | ReferenceObject): void {
    const text = JSON.stringify(part);
    const uses = this.#known.get(text)?.uses ?? 0;
    this.#known.set(text, { name: pascalCase(name), uses: uses + 1 });
  }

  referenceTo(part: T | ReferenceObject): T | ReferenceObject {
    const known = this.#known.get(JSON.stringify(part));
    if (!known || isReference(part) || known.uses < 2) return part;
    known.sharedAs ??= this.#share(known.name, part);
    return { $ref: `#/components/${this.section}/${known.sharedAs}` };
  }

  #share(name: string, part: T): string {
    const namesakes = Object.keys(this.shared).filter((other) => other.replace(/\d+$/, '') === name);
    const unique = namesakes.length > 0 ? `${name}${namesakes.length + 1}` : name;
    this.shared[unique] = part;
    return unique;
  }
}

function withLast<T>(items: readonly T[], isLast: (item: T) => boolean): T[] {
  return [...items.filter((item) => !isLast(item)), ...items.filter(isLast)];
}

const problemsIn = ({ content = {} }: ResponseObject): string =>
  Object.keys(content['application/problem+json']?.examples ?? {}).join('_or_');

const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|[_-])(\w)/g, (_, letter: string) => letter.toUpperCase());

const parametersOf = ({ parameters = [] }: OperationObject): ParameterObject[] =>
  parameters.filter(isParameter);

const isParameter = (part: ParameterObject | ReferenceObject): part is ParameterObject => !isReference(part);

function isReference(part: object): part is ReferenceObject {
  return '$ref' in part;
}
