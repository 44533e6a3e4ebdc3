import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { AccessScope } from '../identity/principal.js';

export const PUBLIC = 'auth:public';
export const REQUIRED_SCOPE = 'auth:scope';

/** The route needs no credential and acts for no tenant. The only way round the guards. */
export const Public = () => SetMetadata(PUBLIC, true);

/** The route needs a credential with this scope. A route without it, and not public, is refused to everybody. */
export const RequireScope = (scope: AccessScope) =>
  applyDecorators(
    SetMetadata(REQUIRED_SCOPE, scope),
    ApiSecurity('bearer', [scope]),
    ApiSecurity('apiKey', [scope]),
  );
