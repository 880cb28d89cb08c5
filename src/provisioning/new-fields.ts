import { ProvisioningError } from './errors.ts'
import { textOf } from './mapping/document.ts'
import { mapGroup } from './mapping/group-mapping.ts'
import { assertProvisionableRole } from './mapping/roles.ts'
import { mergeCodes } from './mapping/tracking-codes.ts'
import { mapUser } from './mapping/user-mapping.ts'
import type { BoxGroupFields, BoxUserFields, ScimDocument } from './model.ts'
import { loginMissing } from './refusals.ts'
import type { ProvisioningSettings } from './settings.ts'

/** What Box gets to make somebody or something new, and what could not be taken over as it is. */
export interface NewFields<Fields> {
  readonly fields: Fields
  readonly notes: readonly string[]
}

/** The fields of a new person. Throws where Box cannot have the person. */
export function newUserFields(
  document: ScimDocument,
  settings: Pick<ProvisioningSettings, 'mapping' | 'deactivatedStatus'>
): NewFields<BoxUserFields & { readonly login: string; readonly name: string }> {
  const { fields, notes } = mapUser(document, settings.mapping)
  const { login, name = textOf(document, 'userName'), trackingCodes } = fields
  if (login === undefined) throw loginMissing()
  assertProvisionableRole(fields.role)
  return {
    fields: {
      ...fields,
      login,
      name: name ?? login,
      ...(document['active'] === false ? { status: settings.deactivatedStatus } : {}),
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
