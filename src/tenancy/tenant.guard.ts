import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { PUBLIC } from '../auth/decorators.js';
import type { Principal } from '../identity/principal.js';
import { principalOf } from '../auth/request-principal.js';
import { DomainError, type Fault, ValidationFailed } from '../common/errors/domain-error.js';
import { isJsonObject } from '../common/json/exact-json.js';
import { isOpaqueId, OPAQUE_ID_RULE } from '../common/opaque-id.js';
import { readInputs } from '../http/validation/read-inputs.js';
import { setScope } from './request-scope.js';
import { TenantScope } from '../identity/tenant-scope.js';

/** Whose data may this request touch? Decided here, once, from the credential; the parameters can only narrow it. */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]))
      return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { tenantId, tenantUnitId, faults } = requested(request.query);
    if (faults.length > 0) {
      // They are named together with all others of the request.
      readInputs(context);
      throw new ValidationFailed(faults);
    }
    setScope(request, scopeFor(principalOf(request), tenantId, tenantUnitId));
    return true;
  }
}

/** The one scope of a request. Throws tenant_required, tenant_forbidden or tenant_unit_forbidden. */
function scopeFor(
  principal: Principal,
  tenantId: string | undefined,
  unitId: string | undefined,
): TenantScope {
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
  if (unitId !== undefined && principal.tenantUnitId !== null && unitId !== principal.tenantUnitId) {
    throw new DomainError('tenant_unit_forbidden', 'The credential may not act for this unit.');
  }
  return TenantScope.grant(tenant, unitId ?? principal.tenantUnitId, principal);
}

/** `tenant_id` and `tenant_unit_id` of a query string, and what is wrong with them; an empty one is absent. */
function requested(query: unknown) {
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
