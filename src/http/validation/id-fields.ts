import { applyDecorators } from '@nestjs/common';
import { isUuid } from '../../common/ids.js';
import { EXTERNAL_ID_RULE, isExternalId, isOpaqueId, OPAQUE_ID_RULE } from '../../common/opaque-id.js';
import { field, type FieldOptions } from './field.js';
import { ReadAs } from './reading.js';

export const OpaqueIdField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' },
    isOpaqueId,
    OPAQUE_ID_RULE,
  );

/** As an opaque id; a UUID is the same in upper and in lower case, which is the one that the DTO holds. */
export const AgentIdField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' && isUuid(raw) ? raw.toLowerCase() : raw) }),
    OpaqueIdField(options),
  );

/** An id that the service made; found in upper case too. */
export const IdField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' ? raw.toLowerCase() : raw) }),
    field(
      options,
      { type: 'string', format: 'uuid' },
      (value) => typeof value === 'string' && isUuid(value),
      'must be a UUID',
    ),
  );

/** An id of a user, an assignment or a run, or a client's own name for a thing. */
export const ExternalIdField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
    isExternalId,
    EXTERNAL_ID_RULE,
  );
