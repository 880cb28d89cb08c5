import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { inTurns } from '../lib/turns.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import { allUsersGroupType } from '../provisioning/group-creation.ts'
import type { BoxGroup, BoxGroupId, BoxMembership, BoxUser } from '../provisioning/model.ts'
import { importedKey } from '../provisioning/ports.ts'
import type { BoxCall, BoxPort, Directory, DirectoryTransaction } from '../provisioning/ports.ts'
import { changeGroup, changeUser, newGroup, newUser } from '../provisioning/records.ts'
import type { Readiness } from '../provisioning/requests.ts'
import type { ProvisioningSettings } from '../provisioning/settings.ts'

/** What the import works with. */
export interface ImportDependencies {
  readonly directory: Directory
  readonly box: BoxPort
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ProvisioningSettings
}

/** The first import of the Box enterprise into the directory. */
export interface Import {
  /** How far it is. */
  progress(): Readiness['import']
  /** Imports unless it was done before; tries again while Box is not there. Ends early on abort. */
  run(signal: AbortSignal): Promise<void>
}

/** How long one import call may wait for its turn and for Box. */
const callMs = 120_000

/** How long the import rests after a failure that is not Box's trouble. */
const restMs = 30_000

/**
 * Creates the first import. It can be interrupted at any time: what was read before is read again.
 * Until it is done nobody else writes, so that nothing newer is overwritten.
 */
export async function createImport(dependencies: ImportDependencies): Promise<Import> {
  const { directory, box, clock, log, settings } = dependencies
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
          log.error({ err: error }, 'the import of the Box enterprise failed: it begins again')
          await clock.sleep(restMs, signal).catch(() => undefined)
        }
      }
    }
  }

  /** Asks Box until it answers: a short trouble must not cost what was read before. */
  async function persistently<Result>(
    ask: (call: BoxCall) => Promise<Result>,
    signal: AbortSignal
  ): Promise<Result> {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await ask({ lane: 'background', deadline: clock.now() + callMs })
      } catch (error) {
        if (!(error instanceof BoxUnavailableError)) throw error
        const { retryAfterSeconds, trouble } = error
        log.error({ trouble, retryAfterSeconds }, 'the import waits for Box')
        await clock.sleep(retryAfterSeconds * 1000, signal)
      }
    }
  }

  async function importAll(signal: AbortSignal): Promise<void> {
    Object.assign(counts, { users: 0, groups: 0 })
    hasBegun = true
    const own = await persistently((call) => box.getOwnAccount(call), signal)
    await importUsers(own.id, signal)
    const groups = await importGroups(signal)
    for (const id of groups) await importMemberships(id, signal)
    await directory.transaction((tx) => tx.putState(importedKey, clock.now()))
    isDone = true
    log.info(counts, 'the Box enterprise is imported')
  }

  async function importUsers(ownId: string, signal: AbortSignal): Promise<void> {
    let marker: string | undefined
    do {
      signal.throwIfAborted()
      const from = marker
      const page = await persistently((call) => box.listUsers(from, call), signal)
      const people = page.users.filter((user) => user.id !== ownId && !user.isPlatformAccessOnly)
      await directory.transaction(async (tx) => {
        for await (const batch of inTurns(people)) {
          for (const user of batch) await tx.putUser(await userRecord(tx, user))
        }
      })
      counts.users += people.length
      log.info({ ...counts }, 'importing users from Box')
      marker = page.nextMarker
    } while (marker !== undefined)
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
