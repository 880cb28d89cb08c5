import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { ownerRole } from '../refusals.ts'
import type { ScimDocument } from '../model.ts'
import { complexOf, elementsOf, isPrimary, textOf } from './document.ts'
import { boxUserUrn } from './urns.ts'

/** Box's user roles. Only the enterprise's owner is `admin`, and nobody can be made one. */
const boxRoles: ReadonlySet<string> = new Set(['user', 'coadmin', 'admin'])

/**
 * The Box role that a person's Box extension or `roles` ask for; undefined where none of them is a
 * Box role. App roles with other names belong to the IdP and are kept in the shadow only.
 */
export function requestedRole(document: ScimDocument): string | undefined {
  const explicit = textOf(complexOf(document, boxUserUrn), 'role')
  if (explicit !== undefined) return boxRoles.has(explicit) ? explicit : undefined
  const roles = elementsOf(document, 'roles')
  const ordered = [...roles.filter(isPrimary), ...roles.filter((role) => !isPrimary(role))]
  return ordered.map(roleName).find((name) => name !== undefined && boxRoles.has(name))
}

/** Entra's AppRoleAssignmentsComplex puts the role's JSON into the value. */
function roleName(role: JsonObject): string | undefined {
  const value = textOf(role, 'value')
  if (value === undefined || !value.startsWith('{')) return value
  try {
    const parsed: unknown = JSON.parse(value)
    return isJsonObject(parsed) ? textOf(parsed, 'value') : undefined
  } catch {
    return undefined
  }
}

/** Throws `role_not_allowed` for the owner's role: nobody can be made the enterprise's owner. */
export function assertProvisionableRole(role: string | undefined): void {
  if (role === 'admin') throw ownerRole()
}
