import type { CreateGroupRequestBody } from 'box-typescript-sdk-gen/managers/groups.generated'
import type {
  CreateUserRequestBody,
  UpdateUserByIdRequestBody
} from 'box-typescript-sdk-gen/managers/users.generated'
import type { BoxGroupFields, BoxUserFields } from '../provisioning/model.ts'

/**
 * A new user's fields as the SDK takes them. Box accepts no notification e-mail at creation, so it
 * is left out.
 */
export function encodeNewUser(fields: BoxUserFields): CreateUserRequestBody {
  const { notificationEmail: _notAtCreation, name, ...rest } = fields
  return { ...rest, name: required(name, 'name'), login: required(fields.login, 'login') }
}

/** A new app user's fields as the SDK takes them: without a login, which Box makes up. */
export function encodeNewAppUser(fields: BoxUserFields): CreateUserRequestBody {
  const { notificationEmail: _notAtCreation, login: _ofBox, name, ...rest } = fields
  return { ...rest, name: required(name, 'name'), isPlatformAccessOnly: true }
}

/** Changed fields of a user as the SDK takes them. Absent fields stay as they are in Box. */
export function encodeUser(fields: BoxUserFields): UpdateUserByIdRequestBody {
  const { notificationEmail, ...rest } = fields
  if (notificationEmail === undefined) return rest
  return {
    ...rest,
    notificationEmail: notificationEmail === null ? null : { email: notificationEmail }
  }
}

/** A new group's fields as the SDK takes them. */
export function encodeNewGroup(fields: BoxGroupFields): CreateGroupRequestBody {
  return { ...fields, name: required(fields.name, 'name') }
}

function required(value: string | undefined, field: string): string {
  if (value === undefined || value === '')
    throw new TypeError(`Box needs a ${field} to create this`)
  return value
}
