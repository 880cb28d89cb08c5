import type { JsonObject } from '../lib/json.ts'
import type { Enterprise } from './enterprise.ts'
import type { UserFields, UserRecord } from './records.ts'
import { accessDenied, notFound } from './refusal.ts'
import { renderForeign, renderUser } from './render.ts'
import type { View } from './render.ts'
import type { Caller } from './tokens.ts'

/** A user by id as Box answers it, external collaborators included. Throws 404. */
export function findUser(
  enterprise: Enterprise,
  id: string,
  view: View<keyof UserFields>
): JsonObject {
  const user = enterprise.users.get(id)
  if (user?.concealed === true) throw notFound()
  if (user !== undefined) return renderUser(user, view)
  const foreign = enterprise.foreign(id)
  if (foreign?.collaborates) return renderForeign(foreign, view.fields)
  throw notFound()
}

/**
 * The user with this id, if the service account may change it. It ranks as a co-admin, and those
 * can neither manage the primary admin nor one another; an app user belongs to its application
 * (https://developer.box.com/platform/user-types/). Throws 404 and 403.
 */
export function findManageableUser(enterprise: Enterprise, id: string, caller: Caller): UserRecord {
  const user = enterprise.users.get(id)
  if (user === undefined || user.concealed) {
    throw enterprise.foreign(id)?.collaborates ? accessDenied() : notFound()
  }
  const { role, is_platform_access_only: isAppUser } = user.fields
  const ofOtherApp = isAppUser && user.createdBy !== caller.clientId
  if (role !== 'user' || ofOtherApp || user.id === enterprise.serviceAccount.id) {
    throw accessDenied()
  }
  return user
}
