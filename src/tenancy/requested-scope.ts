import { DomainError, type Fault, ValidationFailed } from '../common/errors/domain-error.js';
import { isJsonObject } from '../common/json/json-value.js';
import { isOpaqueId, OPAQUE_ID_RULE } from '../common/opaque-id.js';
import { ActingRequest } from '../identity/acting-request.js';
import type { Principal } from '../identity/principal.js';
import { TenantScope } from '../identity/tenant-scope.js';

/**
 * The one scope of a request, from its credential; the parameters of its query can only narrow it. Throws
 * ValidationFailed, tenant_required, tenant_forbidden or tenant_unit_forbidden.
 */
export function requestedScope(
  principal: Principal,
  query: unknown,
  requestId: string | null = null,
): TenantScope {
  const { tenantId, tenantUnitId, faults } = parametersOf(query);
  if (faults.length > 0) throw new ValidationFailed(faults);
  const tenant = tenantId ?? principal.tenantId;
  if (tenant === null) {
    throw new DomainError(
      'tenant_required',
      'The credential is bound to no tenant: name one with tenant_id.',
    );
  }
  if (tenant !== principal.tenantId && !principal.scopes.has('tenants:any')) {
    throw new DomainError('tenant_forbidden', 'The credential may not act for this tenant.');
  }
  if (
    tenantUnitId !== undefined &&
    principal.tenantUnitId !== null &&
    tenantUnitId !== principal.tenantUnitId
  ) {
    throw new DomainError('tenant_unit_forbidden', 'The credential may not act for this unit.');
  }
  const request = new ActingRequest(requestId);
  return TenantScope.grant(tenant, tenantUnitId ?? principal.tenantUnitId, principal, request);
}

/** `tenant_id` and `tenant_unit_id` of a query string, and what is wrong with them; an empty one is absent. */
function parametersOf(query: unknown) {
  const faults: Fault[] = [];
  const read = (parameter: string): string | undefined => {
    const value = isJsonObject(query) ? query[parameter] : undefined;
    if (value === undefined || value === '') return undefined;
    if (isOpaqueId(value)) return value;
    faults.push({ detail: OPAQUE_ID_RULE, parameter });
    return undefined;
  };
  return { tenantId: read('tenant_id'), tenantUnitId: read('tenant_unit_id'), faults };
}
