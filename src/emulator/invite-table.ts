import type { InviteRecord } from './records.ts'

/** The invitations of the enterprise, oldest first. */
export class InviteTable {
  readonly #byId = new Map<string, InviteRecord>()
  readonly #nextId: () => string
  readonly #stamp: () => string

  constructor(nextId: () => string, stamp: () => string) {
    this.#nextId = nextId
    this.#stamp = stamp
  }

  /** All of them. */
  get all(): readonly InviteRecord[] {
    return [...this.#byId.values()]
  }

  /** The invite with this id. */
  get(id: string): InviteRecord | undefined {
    return this.#byId.get(id)
  }

  /** The invite of this account that nobody has answered yet. */
  pendingFor(accountId: string): InviteRecord | undefined {
    return this.all.find(({ invited, status }) => invited.id === accountId && status === 'pending')
  }

  /** Adds an invite. */
  create(invited: InviteRecord['invited']): InviteRecord {
    const now = this.#stamp()
    const { id, login, name } = invited
    const invite: InviteRecord = {
      id: this.#nextId(),
      invited: { id, login, name },
      status: 'pending',
      created_at: now,
      modified_at: now
    }
    this.#byId.set(invite.id, invite)
    return invite
  }

  /** Records what the invited person said. */
  answer(invite: InviteRecord, status: 'accepted' | 'rejected'): void {
    this.#byId.set(invite.id, { ...invite, status, modified_at: this.#stamp() })
  }
}
