import type { Clock, EpochMs } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { inTurns } from '../lib/turns.ts'
import type { Alerts } from '../provisioning/alerts.ts'
import { BoxRefusedError } from '../provisioning/errors.ts'
import { allUsersGroupType } from '../provisioning/group-creation.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxMembership,
  BoxUser,
  BoxUserId
} from '../provisioning/model.ts'
import { importedKey, reconcileKey } from '../provisioning/ports.ts'
import type { BoxCall, BoxPort } from '../provisioning/box-port.ts'
import type { Directory, DirectoryTransaction } from '../provisioning/ports.ts'
import { changeGroup, changeUser, newGroup, newUser } from '../provisioning/records.ts'
import { isShownIn, type OwnAccount } from '../provisioning/population.ts'
import type { Readiness } from '../provisioning/requests.ts'
import type { ProvisioningSettings } from '../provisioning/settings.ts'
import { createAskPersistently } from './persistently.ts'
import { reasonOf } from './reason.ts'

/** What the import works with. */
export interface ImportDependencies {
  readonly directory: Directory
  readonly box: BoxPort
  readonly clock: Clock
  readonly log: Logger
  readonly alerts: Alerts
  readonly settings: ProvisioningSettings
  /** What comes before the first object is read, while Box's answers still count as news. */
  readonly begin: (ownId: BoxUserId, call: BoxCall) => Promise<void>
}

/** The first import of the Box enterprise into the directory. */
export interface Import {
  /** How far it is. */
  progress(): Readiness['import']
  /** Imports unless it was done before; tries again while Box is not there. Ends early on abort. */
  run(signal: AbortSignal): Promise<void>
}

/** How far an import is that is not done. */
type ImportProgress = {
  readonly begunAt: EpochMs
  /** Where the listing of people goes on; null where all are listed. */
  readonly marker: string | null
  /** The last group whose members are imported, in the order of ids, or ''. */
  readonly after: string
  readonly users: number
  readonly groups: number
}

/** The named value that holds how far the import is. */
const progressKey = 'import'

/** What was read before a longer interruption is read again. */
const staleAfterMs = 24 * 60 * 60_000

/** How long the import rests after a failure that is not Box's trouble. */
const restMs = 30_000

/**
 * Creates the first import. It can be interrupted at any time and goes on where it was; what changed in
 * Box meanwhile is then for the reconcile, which is asked for at once. Until the import is done nobody
 * else writes, so that nothing newer is overwritten.
 */
export async function createImport(dependencies: ImportDependencies): Promise<Import> {
  const { alerts, directory, box, clock, log, settings, begin } = dependencies
  // A short trouble must not cost what was read before.
  const persistently = createAskPersistently({ clock, log, waiting: 'the import waits for Box' })
  let isDone = (await directory.state.get(importedKey)) !== undefined
  const counts = { users: 0, groups: 0 }
  let hasBegun = false

  return {
    progress() {
      if (isDone) return 'done'
      return hasBegun ? { ...counts } : 'pending'
    },

    async run(signal) {
      while (!isDone && !signal.aborted) {
        try {
          await importAll(signal)
        } catch (error) {
          if (signal.aborted) return
          const reason = reasonOf(error)
          alerts.raise('import-failed', { subject: 'import', reason }, { err: error })
          await clock.sleep(restMs, signal).catch(() => undefined)
        }
      }
    }
  }

  async function importAll(signal: AbortSignal): Promise<void> {
    const { progress, isResumed } = await resume()
    Object.assign(counts, { users: progress.users, groups: progress.groups })
    hasBegun = true
    if (isResumed) log.info({ ...counts }, 'the import of the Box enterprise goes on')
    const own = await persistently((call) => box.getOwnAccount(call), signal)
    await persistently((call) => begin(own.id, call), signal)
    const listed = await importUsers(own, progress, signal)
    const groups = await importGroups(signal)
    for (const id of groups.toSorted()) {
      if (id <= progress.after) continue
      await importMemberships(id, signal)
      await save({ ...listed, after: id, ...counts })
    }
    await directory.transaction(async (tx) => {
      await tx.putState(importedKey, clock.now())
      if (isResumed) await tx.putState(reconcileKey, { wanted: true })
    })
    isDone = true
    log.info(counts, 'the Box enterprise is imported')
  }

  /** Goes on where an earlier attempt was, unless that was too long ago. */
  async function resume(): Promise<{ progress: ImportProgress; isResumed: boolean }> {
    const now = clock.now()
    const found = (await directory.state.get(progressKey)) as ImportProgress | undefined
    if (found !== undefined && now < found.begunAt + staleAfterMs) {
      return { progress: found, isResumed: true }
    }
    return {
      progress: { begunAt: now, marker: '', after: '', users: 0, groups: 0 },
      isResumed: false
    }
  }

  async function save(progress: ImportProgress): Promise<void> {
    await directory.transaction((tx) => tx.putState(progressKey, progress))
  }

  /** Box takes a marker for some time only: the listing then begins again. */
  async function importUsers(
    own: OwnAccount,
    progress: ImportProgress,
    signal: AbortSignal
  ): Promise<ImportProgress> {
    try {
      return await importUsersFrom(own, progress, signal)
    } catch (error) {
      if (!(error instanceof BoxRefusedError)) throw error
      counts.users = 0
      return importUsersFrom(own, { ...progress, marker: '' }, signal)
    }
  }

  async function importUsersFrom(
    own: OwnAccount,
    progress: ImportProgress,
    signal: AbortSignal
  ): Promise<ImportProgress> {
    const { begunAt, after } = progress
    let { marker } = progress
    while (marker !== null) {
      signal.throwIfAborted()
      const from = marker === '' ? undefined : marker
      const page = await persistently((call) => box.listUsers(from, call), signal)
      const nextMarker = page.nextMarker ?? null
      const people = page.users.filter((user) => isShownIn(user, own, settings))
      await directory.transaction(async (tx) => {
        for await (const batch of inTurns(people)) {
          for (const user of batch) await tx.putUser(await userRecord(tx, user))
        }
        counts.users += people.length
        await tx.putState(progressKey, { begunAt, after, ...counts, marker: nextMarker })
      })
      marker = nextMarker
      log.info({ ...counts }, 'importing users from Box')
    }
    return { ...progress, marker }
  }

  async function userRecord(tx: DirectoryTransaction, snapshot: BoxUser) {
    const known = await tx.users.get(snapshot.id)
    return known === undefined
      ? newUser(snapshot, {}, settings, clock.now())
      : changeUser(known, { snapshot }, settings, clock.now())
  }

  async function importGroups(signal: AbortSignal): Promise<readonly BoxGroupId[]> {
    const ids: BoxGroupId[] = []
    let offset: number | undefined = 0
    while (offset !== undefined) {
      signal.throwIfAborted()
      const from: number = offset
      const page = await persistently((call) => box.listGroups(from, call), signal)
      const groups = page.entries.filter(({ groupType }) => groupType !== allUsersGroupType)
      await directory.transaction(async (tx) => {
        for (const group of groups) await tx.putGroup(await groupRecord(tx, group))
      })
      ids.push(...groups.map(({ id }) => id))
      if (page.truncated)
        log.warn({}, 'Box lists no more than 10,000 groups: the others are not seen')
      offset = page.nextOffset
    }
    return ids
  }

  async function groupRecord(tx: DirectoryTransaction, snapshot: BoxGroup) {
    const known = await tx.groups.get(snapshot.id)
    return known === undefined
      ? newGroup(snapshot, {}, settings, clock.now())
      : changeGroup(known, { snapshot }, settings, clock.now())
  }

  async function importMemberships(id: BoxGroupId, signal: AbortSignal): Promise<void> {
    let offset: number | undefined = 0
    while (offset !== undefined) {
      signal.throwIfAborted()
      const from: number = offset
      const page = await persistently((call) => box.listGroupMemberships(id, from, call), signal)
      await recordMemberships(id, page.entries)
      if (page.truncated) {
        log.warn({ groupId: id }, 'Box lists no more than 10,000 members of this group')
      }
      offset = page.nextOffset
    }
    counts.groups += 1
    log.info({ ...counts }, 'importing groups from Box')
  }

  async function recordMemberships(
    groupId: BoxGroupId,
    memberships: readonly BoxMembership[]
  ): Promise<void> {
    const visible = await directory.users.visible(memberships.map(({ userId }) => userId))
    const rows = memberships
      .filter(({ userId }) => visible.has(userId))
      .map(({ id, userId, role }) => ({ groupId, userId, intended: true, boxId: id, role }))
    await directory.transaction((tx) => tx.putMemberships(rows))
  }
}
