const OPAQUE_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Ids that belong to others: 1 to 64 characters, compared byte for byte (contract, section 1). */
export const isOpaqueId = (value: unknown): value is string =>
  typeof value === 'string' && OPAQUE_ID.test(value);

export const OPAQUE_ID_RULE = 'must be 1 to 64 characters from A-Z a-z 0-9 . _ : -';
