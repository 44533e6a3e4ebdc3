/** The time now. Every time the service stores comes from here, never from the database. */
export const now = (): Date => new Date();
