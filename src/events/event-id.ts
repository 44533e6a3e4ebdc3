/** Where an event stands: its epoch, and its position in the feed of its tenant. */
export interface EventPlace {
  readonly epoch: string;
  readonly position: number;
}

const EVENT_ID = /^([0-9a-z]{1,32})-(\d{1,15})$/;

export const eventIdOf = ({ epoch, position }: EventPlace): string => `${epoch}-${position}`;

/** Undefined for what is no id of an event. */
export function parseEventId(text: string): EventPlace | undefined {
  const [, epoch, position] = EVENT_ID.exec(text) ?? [];
  return epoch === undefined ? undefined : { epoch, position: Number(position) };
}
