import type { EpochMs } from '../lib/clock.ts'
import { ProvisioningError } from './errors.ts'
import type { Invite } from './invites.ts'
import { loginSubject } from './operations.ts'
import type { Directory, DirectoryReads } from './ports.ts'
import { operatorActor } from './trail.ts'

/** An invite as a person wants to see it. Printed as JSON too. */
export interface ShownInvite extends Omit<Invite, 'id'> {
  /** Box's id of it; null where Box's answer was lost. */
  readonly id: string | null
}

/** The invites that are neither accepted nor forgotten, oldest first. */
export async function listInvites({ invites }: DirectoryReads): Promise<readonly ShownInvite[]> {
  const found = await invites.list()
  return found.map((invite) => Object.assign({}, invite, { id: invite.id ?? null }))
}

/**
 * Forgets the invite of a login, so that the next POST for it sends another. Box is not asked and is
 * not told: an invite that is pending there stays.
 *
 * @throws ProvisioningError `not_found` where there is none.
 */
export async function forgetInvite(
  directory: Directory,
  login: string,
  at: { readonly now: EpochMs; readonly correlationId: string }
): Promise<Invite> {
  return directory.transaction(async (tx) => {
    const invite = await tx.invites.find(login)
    if (invite === undefined) throw noInvite(login)
    await tx.dropInvite(login)
    await tx.audit({
      at: at.now,
      correlationId: at.correlationId,
      actor: operatorActor,
      action: 'invite.forget',
      target: loginSubject(login),
      plan: [],
      calls: [],
      outcome: 'done',
      notes: [`it was ${invite.status}`]
    })
    return invite
  })
}

function noInvite(login: string): ProvisioningError {
  return new ProvisioningError(
    'not_found',
    `No invite is known for ${login}. \`box-scim invite list\` shows those that are.`
  )
}
