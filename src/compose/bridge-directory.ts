import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { importedKey, type Directory } from '../provisioning/ports.ts'
import { discardDirectory } from '../store/discard.ts'
import { openDirectory } from '../store/open.ts'
import { volatileStorage } from '../store/volatile-storage.ts'
import type { BoxSide } from './box-side.ts'

/** Opens the directory of this bridge, which belongs to one Box enterprise. */
export async function openBridgeDirectory(
  config: Config,
  box: BoxSide,
  parts: { readonly clock: Clock; readonly log: Logger }
): Promise<Directory> {
  const options = {
    ...parts,
    url: config.databaseUrl,
    auditValues: config.auditValues,
    identity: { boxHost: box.host, enterpriseId: box.enterpriseId, dryRun: config.dryRun }
  }
  // The embedded emulator begins anew at each start, so the directory of an earlier demo is worthless.
  if (config.mode === 'demo') await discardDirectory(options)
  const directory = await openDirectory(options)
  try {
    await assertSameKind(directory, config)
  } catch (error) {
    await directory.close()
    throw error
  }
  if (config.mode === 'box') warnOfVolatileStorage(config.databaseUrl, parts.log)
  return directory
}

/** Which Box users the directory is about. */
const userKindKey = 'user-kind'

/**
 * Throws where the directory is about another kind of people than USER_KIND says: a bridge that looks for
 * the other would take them for gone from Box. A directory that is not in use yet is claimed.
 */
export async function assertSameKind(directory: Directory, { userKind }: Config): Promise<void> {
  const isUsed = (await directory.state.get(importedKey)) !== undefined
  const kept = (await directory.state.get(userKindKey)) ?? (isUsed ? 'managed' : undefined)
  if (kept === undefined) {
    await directory.transaction((tx) => tx.putState(userKindKey, userKind))
    return
  }
  if (kept === userKind) return
  const other = userKind === 'app' ? 'managed' : 'app'
  throw new Error(
    `The database is about ${other} users, and USER_KIND is ${userKind}: name another database in DATABASE_URL, or set USER_KIND to ${other}.`
  )
}

/** A directory that is gone with its container takes along what Box cannot give back. */
function warnOfVolatileStorage(databaseUrl: string, log: Logger): void {
  const storage = volatileStorage(databaseUrl)
  if (storage === undefined) return
  log.warn(
    storage,
    'the database will not survive: it is on storage that is gone with the container or the machine. Put it on a volume (docs/deployment.md)'
  )
}
