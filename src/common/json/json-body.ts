/** A body that writes itself as JSON, because some of it is JSON text already and only handed on. */
export abstract class JsonBody {
  abstract toText(): string;
}

/** The JSON text of any body. */
export const jsonOf = (body: unknown): string =>
  body instanceof JsonBody ? body.toText() : JSON.stringify(body);

/** As JSON.stringify, with further members, whose values are JSON text. The object has members of its own. */
export function jsonWith(object: object, members: Readonly<Record<string, string>>): string {
  const further = Object.entries(members).map(([name, text]) => `,"${name}":${text}`);
  return `${JSON.stringify(object).slice(0, -1)}${further.join('')}}`;
}

export const jsonArray = (bodies: readonly JsonBody[]): string =>
  `[${bodies.map((body) => body.toText()).join(',')}]`;
