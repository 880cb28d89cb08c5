import type { Milliseconds } from '../../lib/clock.ts'
import type { DatabaseExamination } from '../../store/examine.ts'
import { fail, ok, warn, type Finding } from './finding.ts'

/** Whose directory the database has to be; undefined where the configuration does not say. */
export interface Owner {
  readonly boxHost: string
  readonly enterpriseId: string
  readonly dryRun: boolean
}

/** What looking at the database has shown. */
export function databaseFindings(
  examined: DatabaseExamination,
  owner: Owner | undefined
): readonly Finding[] {
  if (examined.kind === 'memory') {
    return [
      warn(
        'database',
        'it is in memory: what only the directory knows is gone when the bridge stops',
        'Set DATABASE_URL to a file on a volume.'
      )
    ]
  }
  return [contentFinding(examined, owner), writeFinding(examined), ...storageFindings(examined)]
}

function contentFinding(examined: DatabaseExamination, owner: Owner | undefined): Finding {
  const check = 'database'
  const { kind, path, problem, form } = examined
  if (kind === 'missing') {
    const advice =
      'The first start of the bridge makes it. Has it run before, correct DATABASE_URL.'
    return warn(check, `there is none yet at ${path}`, advice)
  }
  if (problem !== undefined) return fail(check, ...parted(problem))
  const { applied, known } = form ?? { applied: 0, known: 0 }
  if (applied > known) {
    return fail(
      check,
      `a newer version of the bridge wrote it (form ${applied}, this version knows ${known})`,
      'Start that version or a later one, or restore a backup made by this version.'
    )
  }
  if (applied < known) {
    const found = `an older version wrote it (form ${applied}, this version knows ${known})`
    return warn(check, found, 'Back it up; the next start of this version migrates it.')
  }
  return ownedFinding(examined, owner)
}

function ownedFinding(
  { owner: found, path }: DatabaseExamination,
  wanted: Owner | undefined
): Finding {
  if (found !== undefined && wanted !== undefined && found.dryRun !== wanted.dryRun) {
    const whose = found.dryRun ? 'a dry run' : 'a bridge that changes Box, and DRY_RUN is set'
    const advice = 'Give the dry run and the bridge a DATABASE_URL each.'
    return fail('database', `${path} belongs to ${whose}`, advice)
  }
  const isOurs =
    found === undefined ||
    wanted === undefined ||
    (found.boxHost === wanted.boxHost && found.enterpriseId === wanted.enterpriseId)
  return isOurs
    ? ok('database', `${path} is sound and up to date`)
    : fail(
        'database',
        `${path} belongs to Box enterprise ${found.enterpriseId} at ${found.boxHost}`,
        'Correct the Box configuration, or give this enterprise a DATABASE_URL of its own.'
      )
}

function writeFinding({ writeProblem }: DatabaseExamination): Finding {
  const check = 'database writable'
  if (writeProblem === undefined) return ok(check, 'the bridge can write where the database is')
  return fail(check, ...parted(writeProblem))
}

/** Messages about the database say what is wrong first, and then what to do. */
function parted(message: string): [found: string, advice: string] {
  const end = message.indexOf('. ')
  const advice =
    'Check that the disk is mounted for writing and has space, and that the user who runs the bridge owns the folder.'
  return end === -1 ? [message, advice] : [message.slice(0, end), message.slice(end + 2)]
}

function storageFindings({ volatile }: DatabaseExamination): readonly Finding[] {
  const check = 'database storage'
  if (volatile === undefined) return [ok(check, 'nothing speaks against its lasting')]
  const { folder, kind } = volatile
  return [
    warn(
      check,
      `${folder} is on ${kind}, which is gone with the container or the machine`,
      'Put the database on a volume (docs/deployment.md).'
    )
  ]
}

const dayMs: Milliseconds = 86_400_000

/** An access token that ends sooner is warned about, as the bridge does. */
const soonMs: Milliseconds = 30 * dayMs

/** Which access tokens need a successor. */
export function tokenFindings({ tokens }: DatabaseExamination, now: number): readonly Finding[] {
  if (tokens === undefined) return []
  const check = 'access tokens'
  const ending = tokens.flatMap(({ name, expiresAt }) =>
    expiresAt === null || expiresAt - now > soonMs ? [] : [{ name, left: expiresAt - now }]
  )
  if (ending.length === 0) return [ok(check, `${tokens.length} in force, none near its end`)]
  return ending.map(({ name, left }) => {
    const days = Math.floor(Math.abs(left) / dayMs)
    const advice =
      'Make a successor with box-scim token create, give it to the client, then revoke this one.'
    const found = left <= 0 ? `${name} ended ${days} days ago` : `${name} ends in ${days} days`
    return warn(check, found, advice)
  })
}
