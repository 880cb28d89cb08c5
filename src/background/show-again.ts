import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { sameJson } from '../lib/json.ts'
import { inTurns } from '../lib/turns.ts'
import type { BoxGroupId, BoxUserId } from '../provisioning/model.ts'
import type { Directory, DirectoryTransaction } from '../provisioning/ports.ts'
import type { SearchPage, SearchRequest } from '../provisioning/query.ts'
import { changeGroup, changeUser } from '../provisioning/records.ts'
import type { ProvisioningSettings } from '../provisioning/settings.ts'

/** What showing everything again works with. */
interface ShowAgainDependencies {
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ProvisioningSettings
}

/** Where the directory keeps which mapping its resources are shown by. */
const shownByKey = 'shown-by'

/** How many resources are looked at in one transaction. */
const pageSize = 500

/**
 * Resources are kept in the form in which they are sent. Where they were made with another mapping,
 * they are made anew before anybody reads them. Nothing in Box changes.
 */
export async function showAgain(dependencies: ShowAgainDependencies): Promise<void> {
  const { directory, clock, log, settings } = dependencies
  const { fingerprint } = settings.mapping
  const before = await directory.state.get(shownByKey)
  if (before === fingerprint) return
  if (before !== undefined) {
    log.info({}, 'the mapping has changed: what SCIM shows is worked out again')
    const users = (request: SearchRequest) => directory.users.search(request)
    const groups = (request: SearchRequest) => directory.groups.search(request)
    await eachPage(users, (tx, id) => showUserAgain(tx, id as BoxUserId))
    await eachPage(groups, (tx, id) => showGroupAgain(tx, id as BoxGroupId))
  }
  await directory.transaction((tx) => tx.putState(shownByKey, fingerprint))

  async function eachPage(
    search: (request: SearchRequest) => Promise<SearchPage<{ readonly id: string }>>,
    show: (tx: DirectoryTransaction, id: string) => Promise<void>
  ): Promise<void> {
    let after: SearchPage<unknown>['next']
    do {
      const cursor = { after }
      const page = await search({ startIndex: 1, count: pageSize, related: false, cursor })
      await directory.transaction(async (tx) => {
        for await (const batch of inTurns(page.resources)) {
          for (const { id } of batch) await show(tx, id)
        }
      })
      after = page.next
    } while (after !== undefined)
  }

  async function showUserAgain(tx: DirectoryTransaction, id: BoxUserId): Promise<void> {
    const record = await tx.users.get(id)
    if (record === undefined) return
    const shown = changeUser(record, {}, settings, clock.now())
    if (!sameJson(shown.resource, record.resource)) await tx.putUser(shown)
  }

  async function showGroupAgain(tx: DirectoryTransaction, id: BoxGroupId): Promise<void> {
    const record = await tx.groups.get(id)
    if (record === undefined) return
    const shown = changeGroup(record, {}, settings, clock.now())
    if (!sameJson(shown.resource, record.resource)) await tx.putGroup(shown)
  }
}
