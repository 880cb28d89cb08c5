import { probeBox } from '../../box/probe.ts'
import type { Config } from '../../config/config.ts'
import { warnings } from '../../config/warnings.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { systemRandom, type Random } from '../../lib/random.ts'
import { examineDatabase, type DatabaseExamination } from '../../store/examine.ts'
import { readStatus } from '../../store/status.ts'
import { boxFindings } from './box-findings.ts'
import { databaseFindings, tokenFindings } from './database-findings.ts'
import { fail, ok, warn, type Finding } from './finding.ts'
import { publicUrlFinding, systemNetwork, type NetworkView } from './public-url.ts'
import { monthFinding, rateFinding, streamFinding } from './usage-findings.ts'

/** What tests replace; each has a default. */
export interface DoctorTools {
  readonly clock?: Clock
  readonly random?: Random
  readonly network?: NetworkView
}

/**
 * Examines everything that a bridge with this configuration depends on: changes nothing in Box and
 * nothing in the directory, and works while a bridge runs.
 */
export async function examine(
  config: Config,
  tools: DoctorTools = {}
): Promise<readonly Finding[]> {
  const { clock = systemClock, random = systemRandom, network = systemNetwork } = tools
  const now = clock.now()
  const examined = await examineDatabase(config.databaseUrl)
  return [
    ...configurationFindings(config),
    ...databaseFindings(examined, ownerOf(config)),
    ...(await askBox(config, { clock, random })),
    ...(await usageFindings(config, examined, now)),
    await publicUrlFinding(config.publicUrl, network, now),
    ...tokenFindings(examined, now)
  ]
}

/** The same where the configuration is of no use: only where the database is has to be known. */
export async function examineDatabaseOnly(databaseUrl: string): Promise<readonly Finding[]> {
  return databaseFindings(await examineDatabase(databaseUrl), undefined)
}

function configurationFindings(config: Config): readonly Finding[] {
  const found = warnings(config)
  if (found.length > 0) {
    return found.map((text) => warn('configuration', text, 'See docs/configuration.md.'))
  }
  const mode = config.mode === 'demo' ? ': it is the demo, which has no Box' : ''
  return [ok('configuration', `it is complete${mode}`)]
}

function ownerOf(config: Config) {
  if (config.mode === 'demo') return undefined
  const { enterpriseId } = config.boxCredentials
  return { boxHost: new URL(config.boxApiUrl).host, enterpriseId }
}

async function askBox(
  config: Config,
  { clock, random }: { readonly clock: Clock; readonly random: Random }
): Promise<readonly Finding[]> {
  if (config.mode === 'demo') return []
  const { boxApiUrl: apiUrl, boxCredentials: credentials } = config
  const movesContent = config.leavers.onDelete === 'transfer'
  try {
    return boxFindings(await probeBox({ apiUrl, credentials, movesContent, clock, random }))
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return [fail('box token', found, 'Download the JWT file again in the Developer Console.')]
  }
}

async function usageFindings(
  config: Config,
  { kind, problem, form }: DatabaseExamination,
  now: number
): Promise<readonly Finding[]> {
  const isReadable = kind === 'file' && problem === undefined && form?.applied === form?.known
  if (!isReadable) return [rateFinding(config)]
  const status = await readStatus(config.databaseUrl, now)
  return [streamFinding(status, config, now), rateFinding(config), monthFinding(status)]
}
