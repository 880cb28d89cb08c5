import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError } from './errors.ts'
import { inviteGone, inviteUnknown, isEnded, type Invite } from './invites.ts'
import { loginSubject, userSubject, type JournalEntry } from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { inviteAnswer, inviteRefused, loginTakenOutside } from './refusals.ts'
import type { BoxUser, ScimDocument } from './model.ts'
import type { Trail } from './trail.ts'

/** A person whom Box did not create because of the login. */
interface RefusedCreation {
  readonly document: ScimDocument
  readonly login: string
  readonly trail: Trail
}

/** What is done about a login that belongs to a Box account outside the enterprise. */
export interface UserInvitation {
  /**
   * The answer to a POST for it: as ON_LOGIN_CONFLICT says, its owner is invited, once, and not for
   * somebody who is to be inactive. `cause`: how Box refused to create the person. Call it under the
   * login's lock, after {@link settle}. Throws where Box cannot be asked.
   */
  answer(request: RefusedCreation, cause: BoxRefusedError): Promise<Error>
  /**
   * Takes interrupted invites for sent: Box has no list of invites to find one in, and a second mail
   * to a stranger is worse than a person who has to be asked whether the first has come.
   */
  settle(login: string, entries: readonly JournalEntry[], trail: Trail): Promise<void>
}

/** Creates {@link UserInvitation}. */
export function createUserInvitation(dependencies: Dependencies): UserInvitation {
  const { box, clock, directory, runJournaled, settings } = dependencies

  return {
    async answer({ document, login, trail }, cause) {
      const known = await directory.invites.find(login)
      if (known !== undefined) return inviteAnswer(await lookAt(known, trail))
      const mayInvite = settings.onLoginConflict === 'invite' && document['active'] !== false
      return mayInvite ? invite(login, trail) : loginTakenOutside(login, cause)
    },

    settle
  }

  async function invite(login: string, trail: Trail): Promise<Error> {
    try {
      const { id, status } = await runJournaled({
        operation: { kind: 'invite-user', login },
        lane: 'client',
        trail,
        send: (call) => box.createInvite(login, call),
        settle: (tx, sent) => tx.putInvite(inviteOf(login, sent, trail))
      })
      trail.notes.push(`invite ${id} was sent`)
      return inviteAnswer({ login, status })
    } catch (error) {
      if (error instanceof BoxRefusedError) return inviteRefused(login, error)
      const isInDoubt = error instanceof BoxUnavailableError && error.effect === 'unknown'
      if (!isInDoubt) throw error
      await settle(login, await directory.journal.openFor(loginSubject(login)), trail)
      return inviteAnswer({ login, status: inviteUnknown })
    }
  }

  async function settle(
    login: string,
    entries: readonly JournalEntry[],
    trail: Trail
  ): Promise<void> {
    const ids = entries.filter(isInvitation).map(({ id }) => id)
    if (ids.length === 0) return
    trail.notes.push('invite-user taken for sent: Box has no list of invites')
    await directory.transaction(async (tx) => {
      await tx.updateJournal(ids, { state: 'confirmed', outcome: 'taken for sent' })
      // Accepted, before anybody looked.
      if ((await tx.users.findByAddress(login)) !== undefined) return
      await tx.putInvite(inviteOf(login, { id: undefined, status: inviteUnknown }, trail))
    })
  }

  /** The invite as Box shows it now, as far as it can still change. */
  async function lookAt(known: Invite, trail: Trail): Promise<Invite> {
    if (known.id === undefined || isEnded(known)) return known
    const shown = await box.getInvite(known.id, trail.call('client'))
    const seen = { ...known, status: shown?.status ?? inviteGone }
    if (seen.status === known.status) return known
    trail.notes.push(`invite ${known.id} is ${seen.status}`)
    await directory.transaction((tx) => tx.putInvite(seen))
    return seen
  }

  function inviteOf(login: string, sent: Pick<Invite, 'id' | 'status'>, trail: Trail): Invite {
    const { id, status } = sent
    const { correlationId } = trail.context
    return { login, id, status, sentAt: clock.now(), correlationId }
  }
}

/** Tells whether the entry is about an invite rather than a creation of the same login. */
function isInvitation({ operation }: JournalEntry): boolean {
  return operation.kind === 'invite-user'
}

/**
 * Ends the invite of somebody whom the enterprise has now; call it in the transaction that records the
 * person.
 */
export async function endInvite(
  tx: DirectoryTransaction,
  { id, login }: Pick<BoxUser, 'id' | 'login'>,
  { trail, now }: { readonly trail: Trail; readonly now: number }
): Promise<void> {
  const invite = await tx.invites.find(login)
  if (invite === undefined) return
  await tx.dropInvite(login)
  await tx.audit({
    at: now,
    correlationId: trail.context.correlationId,
    actor: trail.context.actor,
    action: 'invite.end',
    target: userSubject(id),
    plan: [],
    calls: [],
    outcome: 'done',
    notes: [`the enterprise has the person who was invited (${invite.id ?? inviteUnknown})`]
  })
}
