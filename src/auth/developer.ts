import { type Principal, SCOPES } from '../identity/principal.js';

/** Who everybody is with AUTH_MODE=none. */
export const developerIn = (tenantId: string): Principal => ({
  credentialId: 'development',
  id: 'local-developer',
  name: 'Local developer',
  role: 'developer',
  userId: 'local-developer',
  tenantId,
  tenantUnitId: null,
  scopes: new Set(SCOPES),
});
