import { z } from 'zod';

/** Whose doing an event is. */
interface Actor {
  id: string;
  name: string | null;
  role: string | null;
}

/** What differs between the events of one row. */
export interface EventContent {
  data: object;
  actor: Actor;
  /** Null: the service itself. */
  requestId: string | null;
}

const stored = z.array(
  z.object({
    d: z.record(z.string(), z.unknown()),
    a: z.object({ id: z.string(), name: z.string().nullable(), role: z.string().nullable() }).optional(),
    r: z.string().nullable().optional(),
  }),
);

/** The contents as JSON text. An author and a request stand at the first of the events that they share. */
export function eventsToText(contents: readonly EventContent[]): string {
  return JSON.stringify(
    contents.map(({ data, actor, requestId }, index) => {
      const before = contents[index - 1];
      if (before?.actor === actor && before.requestId === requestId) return { d: data };
      return { d: data, a: { id: actor.id, name: actor.name, role: actor.role }, r: requestId };
    }),
  );
}

/** What `eventsToText` was given. */
export function eventsFromText(text: string): EventContent[] {
  let actor: Actor = { id: '', name: null, role: null };
  let requestId: string | null = null;
  return stored.parse(JSON.parse(text)).map(({ d, a, r }) => {
    if (a) [actor, requestId] = [a, r ?? null];
    return { data: d, actor, requestId };
  });
}
