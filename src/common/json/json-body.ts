/** A body that writes itself as JSON, because some of it is JSON text already and only handed on. */
export abstract class JsonBody {
  abstract toText(): string;
}

/** The JSON text of any body. */
export const jsonOf = (body: unknown): string =>
  body instanceof JsonBody ? body.toText() : JSON.stringify(body);

/** As JSON.stringify, with further members, whose values are JSON text. The object has members of its own. */
export function jsonWith(object: object, members: Readonly<Record<string, string>>): string {
  let text = JSON.stringify(object).slice(0, -1);
  for (const [name, json] of Object.entries(members)) text += `,"${name}":${json}`;
  return `${text}}`;
}

/** Not with `join`, which copies everything once more before it is written. */
export function jsonArray(bodies: readonly JsonBody[]): string {
  let text = '';
  for (const body of bodies) text += `${text === '' ? '[' : ','}${body.toText()}`;
  return `${text || '['}]`;
}
