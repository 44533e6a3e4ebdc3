const OPAQUE_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const EXTERNAL_ID = /^[!-~]{1,255}$/;

/** Ids of tenants, units and agents: 1 to 64 characters, compared byte for byte (contract, section 1). */
export const isOpaqueId = (value: unknown): value is string =>
  typeof value === 'string' && OPAQUE_ID.test(value);

export const OPAQUE_ID_RULE = 'must be 1 to 64 characters from A-Z a-z 0-9 . _ : -';

/** Ids that others make: of users, assignments, runs, and their own names for things (contract, section 1). */
export const isExternalId = (value: unknown): value is string =>
  typeof value === 'string' && EXTERNAL_ID.test(value);

export const EXTERNAL_ID_RULE = 'must be 1 to 255 visible ASCII characters (! to ~)';
