import { AdminError, assertFreeAddress } from './admin-error.ts'
import type { EmulatorContext } from './context.ts'
import type { ForeignAccount, InviteRecord } from './records.ts'
import type { Authorisation } from './scopes.ts'

/** What an administrator may change about the enterprise; what is absent stays. */
export interface EnterpriseChanges extends Partial<Authorisation> {
  /** Verified e-mail domains. */
  readonly domains?: readonly string[]
  /** How many users the licence is for; null for any number. */
  readonly seats?: number | null
}

/** Changes around the enterprise's users and groups. All throw an `AdminError`, as `Admin` does. */
export interface EnterpriseAdmin {
  /** Changes domains, seats and what the application may do. */
  changeEnterprise(changes: EnterpriseChanges): void
  /** Adds a Box account outside the enterprise; returns its id. */
  createForeignAccount(account: Omit<ForeignAccount, 'id'>): string
  /** Closes an account outside the enterprise, which frees its address. */
  deleteForeignAccount(login: string): void
  /** The invited person accepts, and so becomes a user under the account's id, or rejects. */
  answerInvite(invite: string, answer: 'accepted' | 'rejected'): void
}

/** The administrator of whatever enterprise the context holds at the time. */
export function createEnterpriseAdmin(context: EmulatorContext): EnterpriseAdmin {
  const account = (login: string): ForeignAccount => {
    const found = context.enterprise.foreignByLogin(login)
    if (found === undefined) throw new AdminError(404, `There is no account ${login}`)
    return found
  }
  const pendingInvite = (name: string): InviteRecord => {
    const { invites } = context.enterprise
    const found = invites.get(name) ?? invites.all.findLast(({ invited }) => invited.login === name)
    if (found === undefined) throw new AdminError(404, `There is no invite ${name}`)
    if (found.status !== 'pending') throw new AdminError(409, `Invite ${name} is ${found.status}`)
    return found
  }

  return {
    changeEnterprise({ domains, seats, ...authorisation }) {
      const { enterprise } = context
      if (domains !== undefined) enterprise.setDomains(domains)
      if (seats !== undefined) enterprise.seats = seats ?? Number.POSITIVE_INFINITY
      Object.assign(context, authorisation)
    },
    createForeignAccount(created) {
      assertFreeAddress(context, created.login, undefined)
      return context.enterprise.addForeign(created).id
    },
    deleteForeignAccount: (login) => context.enterprise.removeForeign(account(login)),
    answerInvite(name, answer) {
      const invite = pendingInvite(name)
      // The account may have got another address since.
      const invited = answer === 'accepted' ? account(invite.invited.login) : undefined
      const { id, name: person, login } = invite.invited
      const actor = { id, name: person, login }
      const { enterprise } = context
      enterprise.events.by(actor, () => {
        if (invited !== undefined) enterprise.admit(invited)
        else enterprise.events.record('MASTER_INVITE_REJECT', { type: 'user', ...actor })
      })
      enterprise.invites.answer(invite, answer)
    }
  }
}
