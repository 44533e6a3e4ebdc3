export const SCOPES = [
  'conversations:read',
  'conversations:write',
  'conversations:import',
  'tenants:any',
  'events:read',
  'webhooks:manage',
] as const;
export type AccessScope = (typeof SCOPES)[number];

export const isAccessScope = (text: string): text is AccessScope => SCOPES.some((scope) => scope === text);

/** Who sends a request, as its verified credential says. */
export interface Principal {
  /** Names the credential itself, for what is kept per credential: no secret, at most 255 characters. */
  readonly credentialId: string;
  /** Stands in `created_by` and `updated_by`. */
  readonly id: string;
  readonly name: string | null;
  readonly role: string | null;
  /** The person behind the credential; null for a service's API key. */
  readonly userId: string | null;
  /** Null: bound to no tenant. */
  readonly tenantId: string | null;
  /** Null: all units of the tenant. */
  readonly tenantUnitId: string | null;
  readonly scopes: ReadonlySet<AccessScope>;
  /** When the credential ends; undefined: nobody knows of an end. */
  readonly expiresTime?: Date | undefined;
}
