import type { Clock } from '../lib/clock.ts'
import type { Guesses } from './guesses.ts'
import type { TransferRecord, UserFields, UserRecord } from './records.ts'

/** Those who own content. */
interface Owners {
  readonly users: { get(id: string): UserRecord | undefined }
  changeUser(user: UserRecord, changes: Partial<Pick<UserFields, 'space_used'>>): UserRecord
  changeHiddenFacts(
    user: UserRecord,
    facts: Partial<Pick<UserRecord, 'ownsContent' | 'retained'>>
  ): UserRecord
}

/** What transfers need besides the users. */
interface TransferTableOptions {
  readonly nextFolderId: () => string
  readonly clock: Clock
  readonly guesses: Guesses
}

/**
 * The transfers of content, oldest first. One that takes time goes on whether or not its caller
 * waits: what it moves arrives when it is `settled` after its end, which every call to Box does.
 */
export class TransferTable {
  #transfers: readonly TransferRecord[] = []
  readonly #owners: Owners
  readonly #options: TransferTableOptions

  constructor(owners: Owners, options: TransferTableOptions) {
    this.#owners = owners
    this.#options = options
  }

  /** All of them. */
  get all(): readonly TransferRecord[] {
    return this.#transfers
  }

  /** Tells whether somebody gives or takes in a transfer that is not done yet. */
  isBusy(userId: string): boolean {
    return this.#transfers.some(
      ({ fromId, toId, done }) => !done && (fromId === userId || toId === userId)
    )
  }

  /** Begins a transfer; one that takes no time is done at once. */
  begin(from: UserRecord, to: UserRecord): TransferRecord {
    const { nextFolderId, clock, guesses } = this.#options
    const { name, login } = from.fields
    const owner = guesses.transferFolderName === 'name' ? name : `${login} - ${name}`
    const transfer: TransferRecord = {
      folder: { id: nextFolderId(), name: `${owner}'s Files and Folders` },
      fromId: from.id,
      toId: to.id,
      endsAt: clock.now() + from.transferMs,
      done: false
    }
    this.#transfers = [...this.#transfers, transfer]
    this.settle()
    return transfer
  }

  /** Moves what is due to have been moved. */
  settle(): void {
    const now = this.#options.clock.now()
    const isDue = ({ done, endsAt }: TransferRecord) => !done && endsAt <= now
    const due = this.#transfers.filter(isDue)
    if (due.length === 0) return
    for (const transfer of due) this.#move(transfer)
    this.#transfers = this.#transfers.map((one) => (isDue(one) ? { ...one, done: true } : one))
  }

  /** Somebody who was deleted meanwhile neither gives nor takes. */
  #move({ fromId, toId }: TransferRecord): void {
    const from = this.#owners.users.get(fromId)
    const to = this.#owners.users.get(toId)
    if (from === undefined || to === undefined) return
    const retained = to.retained || (from.ownsContent && from.retained)
    const moved = from.fields.space_used
    const taken = { ownsContent: to.ownsContent || from.ownsContent, retained }
    const receiver = this.#owners.changeHiddenFacts(to, taken)
    this.#owners.changeUser(receiver, { space_used: to.fields.space_used + moved })
    const giver = this.#owners.changeHiddenFacts(from, { ownsContent: false })
    if (!this.#options.guesses.transferFreesSpace) {
      this.#owners.changeUser(giver, { space_used: moved })
    }
  }
}
