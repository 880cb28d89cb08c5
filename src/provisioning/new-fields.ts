import { ProvisioningError } from './errors.ts'
import { textOf } from './mapping/document.ts'
import { mapGroup } from './mapping/group-mapping.ts'
import { assertProvisionableRole } from './mapping/roles.ts'
import { mergeCodes } from './mapping/tracking-codes.ts'
import { mapUser } from './mapping/user-mapping.ts'
import type { BoxGroupFields, BoxUserFields, ScimDocument } from './model.ts'
import { externalIdMissing, loginMissing } from './refusals.ts'
import type { ProvisioningSettings } from './settings.ts'

/** What Box gets to make somebody or something new, and what could not be taken over as it is. */
export interface NewFields<Fields> {
  readonly fields: Fields
  readonly notes: readonly string[]
}

/** The fields of a new person; app users have no login. Throws where Box cannot have the person. */
export function newUserFields(
  document: ScimDocument,
  { mapping, deactivatedStatus }: Pick<ProvisioningSettings, 'mapping' | 'deactivatedStatus'>
): NewFields<BoxUserFields & { readonly name: string }> {
  const { fields, notes } = mapUser(document, mapping)
  const { login, externalAppUserId, name = textOf(document, 'userName'), trackingCodes } = fields
  const handle = mapping.login === undefined ? externalAppUserId : login
  if (handle === undefined) throw mapping.login === undefined ? externalIdMissing() : loginMissing()
  assertProvisionableRole(fields.role)
  return {
    fields: {
      ...fields,
      name: name ?? handle,
      ...(document['active'] === false ? { status: deactivatedStatus } : {}),
      ...(trackingCodes === undefined ? {} : { trackingCodes: mergeCodes([], trackingCodes) })
    },
    notes
  }
}

/** The fields of a new group. Throws where it has no name. */
export function newGroupFields(
  document: ScimDocument,
  { mapping }: Pick<ProvisioningSettings, 'mapping'>
): NewFields<BoxGroupFields & { readonly name: string }> {
  const { fields, notes } = mapGroup(document, mapping)
  const { name } = fields
  if (name === undefined) {
    throw new ProvisioningError('invalid_value', 'A group needs a displayName.')
  }
  return { fields: { ...fields, name }, notes }
}
