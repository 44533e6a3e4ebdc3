import type { Principal } from './principal.js';

/** Who the service itself is, in work that no request asked for. */
export const SERVICE: Principal = {
  credentialId: 'service',
  id: 'colloquy',
  name: null,
  role: null,
  userId: null,
  tenantId: null,
  tenantUnitId: null,
  scopes: new Set(),
};
