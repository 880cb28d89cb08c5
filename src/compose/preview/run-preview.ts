import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createImport } from '../../background/import.ts'
import { createBoxClient, type BoxClient } from '../../box/client.ts'
import { provisioningSettings } from '../../compose.ts'
import type { Config } from '../../config/config.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import type { BoxCall } from '../../provisioning/box-port.ts'
import { BoxUnavailableError } from '../../provisioning/errors.ts'
import { importedKey, type Directory } from '../../provisioning/ports.ts'
import type { ProvisioningSettings } from '../../provisioning/settings.ts'
import { openScratchDirectory } from '../../store/scratch.ts'
import { demoIdentity } from '../box-side.ts'
import { assertSameKind } from '../bridge-directory.ts'
import { readPeopleFile, type ColumnChoice, type PeopleFile } from './people-file.ts'
import { previewPeople, type Preview } from './preview.ts'

/** A preview, and what it rests on. */
export interface PreviewReport extends Preview {
  /** `directory`: what the bridge has of Box; `box`: Box was read for this. */
  readonly source: 'directory' | 'box'
  readonly box: { readonly host: string; readonly enterpriseId: string }
  readonly columns: PeopleFile['columns']
}

/** A pause between two attempts at Box must not end the command. */
const clock: Clock = {
  now: () => systemClock.now(),
  sleep: (duration, signal) =>
    setTimeout(duration, undefined, signal === undefined ? {} : { signal })
}
const random = systemRandom
const log = pino({ enabled: false })

/**
 * Tells what would become of the people in a file of an identity provider. Works on a copy of the
 * directory; where nothing was imported yet, Box is read. Nothing is written anywhere else.
 *
 * @throws Error that says what is wrong with the file, the directory or Box
 */
export async function runPreview(
  config: Config,
  bytes: Uint8Array,
  choice: ColumnChoice
): Promise<PreviewReport> {
  const { people, columns } = readPeopleFile(bytes, choice)
  const settings = provisioningSettings(config)
  const box = identityOf(config)
  const identity = { boxHost: box.host, enterpriseId: box.enterpriseId, dryRun: config.dryRun }
  const options = { url: config.databaseUrl, identity, clock, log }
  const directory = await openScratchDirectory(options)
  try {
    await assertSameKind(directory, config)
    const isImported = (await directory.state.get(importedKey)) !== undefined
    if (!isImported) await readBox(config, directory, settings)
    const found = await previewPeople(people, { directory, settings, clock, log })
    return { source: isImported ? 'directory' : 'box', box, columns, ...found }
  } finally {
    await directory.close()
  }
}

function identityOf(config: Config): PreviewReport['box'] {
  if (config.mode === 'demo') return demoIdentity
  const { enterpriseId } = config.boxCredentials
  return { host: new URL(config.boxApiUrl).host, enterpriseId }
}

/** Imports the people of the enterprise; groups decide nothing here. */
async function readBox(
  config: Config,
  directory: Directory,
  settings: ProvisioningSettings
): Promise<void> {
  if (config.mode === 'demo') {
    throw new Error(
      'There is no directory yet, and no Box to be read: start the demo once, or set the BOX_ keys.'
    )
  }
  const client = createBoxClient({
    apiUrl: config.boxApiUrl,
    credentials: config.boxCredentials,
    callsPerMinute: config.boxCallsPerMinute,
    readOnly: true,
    clock,
    random,
    log
  })
  try {
    await importPeople(client, directory, settings)
  } finally {
    await client.close()
  }
}

async function importPeople(
  client: BoxClient,
  directory: Directory,
  settings: ProvisioningSettings
): Promise<void> {
  const stop = new AbortController()
  let failure: unknown
  const people = {
    ...client,
    getOwnAccount: (call: BoxCall) => givingUp(client.getOwnAccount(call)),
    listUsers: (marker: string | undefined, call: BoxCall) =>
      givingUp(client.listUsers(marker, call)),
    listGroups: () => Promise.resolve({ entries: [], nextOffset: undefined, truncated: false })
  }
  const reading = await createImport({
    directory,
    box: people,
    clock,
    log,
    settings,
    begin: async () => {},
    alerts: {
      raise(_kind, _facts, more) {
        failure = more
        stop.abort()
      }
    }
  })
  await reading.run(stop.signal)
  if (failure === undefined) return
  const { err } = failure as { readonly err?: unknown }
  const reason = err instanceof Error ? err.message : String(err)
  throw new Error(`Nothing is imported yet, and Box cannot be read: ${reason}`, { cause: err })
}

/** An import waits for Box as long as it takes; a person at a terminal does not. */
async function givingUp<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof BoxUnavailableError) throw new Error(error.message, { cause: error })
    throw error
  }
}
