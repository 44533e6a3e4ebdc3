import { ActingRequest } from './acting-request.js';
import type { Principal } from './principal.js';

/**
 * Whose data a call may touch, and on whose behalf: the first argument of everything that reaches data. The
 * constructor is private and with a `#` field a look-alike does not compile, so that a scope exists only where
 * `TenantScope.grant` was called: in the TenantGuard, for the removal of deleted conversations, and in tests.
 */
export class TenantScope {
  readonly #principal: Principal;

  private constructor(
    readonly tenantId: string,
    /** Null: all units of the tenant. */
    readonly tenantUnitId: string | null,
    principal: Principal,
    readonly request: ActingRequest,
  ) {
    this.#principal = principal;
  }

  static grant(
    tenantId: string,
    tenantUnitId: string | null,
    principal: Principal,
    request = new ActingRequest(null),
  ): TenantScope {
    return new TenantScope(tenantId, tenantUnitId, principal, request);
  }

  get principal(): Principal {
    return this.#principal;
  }

  /** All units of the tenant: for what they share, such as how far its feed goes. */
  get ofTenant(): TenantScope {
    return new TenantScope(this.tenantId, null, this.principal, this.request);
  }

  /** All that the credential may touch in this tenant: for what belongs to the credential, whichever unit a request names. */
  get ofCredential(): TenantScope {
    return new TenantScope(this.tenantId, this.principal.tenantUnitId, this.principal, this.request);
  }
}
