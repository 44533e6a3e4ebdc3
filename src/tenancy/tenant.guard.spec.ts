import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { Public } from '../auth/decorators.js';
import type { AccessScope, Principal } from '../identity/principal.js';
import { DomainError } from '../common/errors/domain-error.js';
import { TenantGuard } from './tenant.guard.js';

const guard = new TenantGuard(new Reflector());
class Controller {
  route = () => undefined;
}
class PublicController extends Controller {}
Public()(PublicController);

const requestWith = (query: unknown) => ({ query }) as FastifyRequest;

const contextOf = (request: FastifyRequest, Target: typeof Controller = Controller) =>
  ({
    getHandler: () => Target.prototype.constructor,
    getClass: () => Target,
    switchToHttp: () => ({ getRequest: () => request }),
  }) as unknown as ExecutionContext;

const bearer = (
  tenantId: string | null,
  tenantUnitId: string | null,
  ...scopes: AccessScope[]
): Principal => ({
  credentialId: 'jwt:x',
  id: 'ada',
  name: null,
  role: null,
  userId: 'ada',
  tenantId,
  tenantUnitId,
  scopes: new Set(scopes),
});

/** `tenant/unit` that a request acts for, or the code (and the parameters) it is refused with. */
function decide(principal: Principal, query: unknown): string {
  const request = requestWith(query);
  request.principal = principal;
  try {
    expect(guard.canActivate(contextOf(request))).toBe(true);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(request.scope).toBeUndefined();
    const places = error.faults?.map((fault) => ('parameter' in fault ? fault.parameter : fault.pointer));
    return [error.code, ...(places ?? [])].join(' ');
  }
  const scope = request.scope;
  expect(scope?.principal).toBe(principal);
  return `${scope?.tenantId}/${scope?.tenantUnitId ?? '*'}`;
}

describe('the tenant guard', () => {
  const ofA = bearer('A', null);
  const ofU = bearer('A', 'U');
  const any = bearer(null, null, 'tenants:any');
  const anyOfA = bearer('A', null, 'tenants:any');
  const anyOfU = bearer('A', 'U', 'tenants:any');
  const ofNone = bearer(null, null);

  it.each<[string, Principal, object, string]>([
    ['bound to A', ofA, {}, 'A/*'],
    ['bound to A', ofA, { tenant_id: 'A' }, 'A/*'],
    ['bound to A', ofA, { tenant_id: 'B' }, 'tenant_forbidden'],
    ['bound to A', ofA, { tenant_id: 'a' }, 'tenant_forbidden'],
    ['bound to A with tenants:any', anyOfA, {}, 'A/*'],
    ['bound to A with tenants:any', anyOfA, { tenant_id: 'B' }, 'B/*'],
    ['bound to none with tenants:any', any, { tenant_id: 'B' }, 'B/*'],
    ['bound to none with tenants:any', any, {}, 'tenant_required'],
    ['bound to none with tenants:any', any, { tenant_unit_id: 'U' }, 'tenant_required'],
    ['bound to none', ofNone, {}, 'tenant_required'],
    ['bound to none', ofNone, { tenant_id: 'B' }, 'tenant_forbidden'],
    ['bound to A', ofA, { tenant_unit_id: 'U' }, 'A/U'],
    ['bound to U of A', ofU, {}, 'A/U'],
    ['bound to U of A', ofU, { tenant_id: 'A', tenant_unit_id: 'U' }, 'A/U'],
    ['bound to U of A', ofU, { tenant_unit_id: 'V' }, 'tenant_unit_forbidden'],
    ['bound to U of A', ofU, { tenant_unit_id: 'u' }, 'tenant_unit_forbidden'],
    ['bound to U of A', ofU, { tenant_id: 'B', tenant_unit_id: 'U' }, 'tenant_forbidden'],
    ['bound to U of A with tenants:any', anyOfU, { tenant_id: 'B' }, 'B/U'],
    ['bound to U of A with tenants:any', anyOfU, { tenant_unit_id: 'V' }, 'tenant_unit_forbidden'],
    [
      'bound to U of A with tenants:any',
      anyOfU,
      { tenant_id: 'B', tenant_unit_id: 'V' },
      'tenant_unit_forbidden',
    ],
    ['bound to A', ofA, { tenant_id: '', tenant_unit_id: '' }, 'A/*'],
    ['bound to U of A', ofU, { tenant_id: '', tenant_unit_id: '' }, 'A/U'],
    ['bound to none with tenants:any', any, { tenant_id: '' }, 'tenant_required'],
    ['bound to A', ofA, { tenant_id: ['A', 'A'] }, 'validation_failed tenant_id'],
    ['bound to A', ofA, { tenant_unit_id: ['', 'U'] }, 'validation_failed tenant_unit_id'],
    [
      'bound to A',
      ofA,
      { tenant_id: 'A ', tenant_unit_id: 'U/V' },
      'validation_failed tenant_id tenant_unit_id',
    ],
    ['bound to A', ofA, { tenant_id: 'x'.repeat(65) }, 'validation_failed tenant_id'],
    ['bound to none with tenants:any', any, { tenant_id: 'x'.repeat(64) }, `${'x'.repeat(64)}/*`],
    ['bound to none with tenants:any', any, { tenant_id: 'aZ0._:-' }, 'aZ0._:-/*'],
  ])('with a credential %s', (_, principal, query, decision) => {
    expect(decide(principal, query)).toBe(decision);
  });

  it('never gives another tenant or another unit than the credential has, whatever is asked for', () => {
    const id = fc.constantFrom('A', 'B', 'U', 'V');
    const value = fc.oneof(id, fc.constant(''), fc.array(id), fc.jsonValue());
    const query = fc.record({ tenant_id: value, tenant_unit_id: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(query, fc.constantFrom(ofA, ofU, ofNone), (asked, principal) => {
        const decision = decide(principal, asked);
        if (!decision.includes('/')) return;
        const [tenant, unit] = decision.split('/');
        expect(tenant).toBe(principal.tenantId);
        if (principal.tenantUnitId !== null) expect(unit).toBe(principal.tenantUnitId);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives a public route no scope', () => {
    const request = requestWith({ tenant_id: 'A' });
    expect(guard.canActivate(contextOf(request, PublicController))).toBe(true);
    expect(request.scope).toBeUndefined();
  });

  it('fails where nobody was authenticated', () => {
    expect(() => guard.canActivate(contextOf(requestWith({ tenant_id: 'A' })))).toThrow('AuthGuard');
  });
});
