import { ownerRole } from '../refusals.ts'

/** Throws `role_not_allowed` for the owner's role: nobody can be made the enterprise's owner. */
export function assertProvisionableRole(role: string | undefined): void {
  if (role === 'admin') throw ownerRole()
}
