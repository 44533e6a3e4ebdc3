import { PARAMETER } from '../http/validation/field.js';
import { OpaqueIdField } from '../http/validation/id-fields.js';

/** The parameters that every operation takes. The TenantGuard has read them before; here they are documented and known. */
export class TenantQuery {
  @OpaqueIdField({
    ...PARAMETER,
    example: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    description:
      'Tenant to act for. Must be the one of the credential, unless that has the scope `tenants:any`.',
  })
  tenant_id?: string;

  @OpaqueIdField({
    ...PARAMETER,
    example: 'da114de3-d7e6-4161-bc55-0ce85dbee589',
    description: 'Unit of the tenant: narrows what is read or changed to it, and stamps what is created.',
  })
  tenant_unit_id?: string;
}
