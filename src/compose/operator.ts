import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import { systemClock, type Clock, type Milliseconds } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { systemRandom, type Random } from '../lib/random.ts'
import { acceptDisappearance, type Accepted } from '../provisioning/drift/disappearance.ts'
import {
  actOnHeld,
  reportFuses,
  type FuseAction,
  type FuseReport,
  type FuseVerb
} from '../provisioning/fuse-desk.ts'
import { exportedEntry } from '../provisioning/audit-export.ts'
import type { AuditRecord, AuditRequest } from '../provisioning/audit.ts'
import { erasePerson, type Erasure } from '../provisioning/erasure.ts'
import { explain } from '../provisioning/explain/explain.ts'
import type { Story } from '../provisioning/explain/story.ts'
import { reportPlan, type PlanReport } from '../provisioning/dry-run/plan-report.ts'
import { forgetInvite, listInvites, type ShownInvite } from '../provisioning/invite-desk.ts'
import type { Invite } from '../provisioning/invites.ts'
import type { Directory } from '../provisioning/ports.ts'
import {
  makeToken,
  revokeToken,
  showTokens,
  type ShownToken,
  type TokenRequest
} from '../provisioning/tokens.ts'
import { backUpDirectory, type DirectoryBackup } from '../store/backup.ts'
import { createDirectoryIfMissing, openDirectoryBeside } from '../store/open-beside.ts'
import { readOwner, readStatus, type DirectoryStatus } from '../store/status.ts'

/** A story and whether it is of a dry run, which changed nothing in Box. */
export interface ToldStory extends Story {
  readonly dryRun: boolean
}

/** A plan and whose it is. */
export interface DryPlan extends PlanReport {
  readonly box: { readonly host: string; readonly enterpriseId: string }
}

/** What an operator does with a directory on the database itself, also while a bridge runs on it. */
export interface Operator {
  /** Copies the directory into a new file. Rejects where it cannot, and leaves no file then. */
  backUp(file: string): Promise<DirectoryBackup>
  /** Reads how the directory is. Rejects where it cannot be read. */
  status(): Promise<DirectoryStatus>
  /** Tells what the fuses hold. */
  fuses(): Promise<FuseReport>
  /** Releases or discards what they hold; see {@link actOnHeld}. */
  actOnHeld(verb: FuseVerb, names: readonly string[]): Promise<FuseAction>
  /** Tells what a dry run would have done. Rejects where the directory is none of a dry run. */
  plan(): Promise<DryPlan>
  /** Tells what happened to a person, a group or a request; see {@link explain}. */
  explain(what: string): Promise<ToldStory>
  /** Passes the entries of the audit to `take`, oldest first; see {@link AuditExport}. */
  exportAudit(wanted: AuditExport, take: (entry: JsonObject) => void): Promise<void>
  /**
   * Takes a person's data out of audit and journal; see {@link erasePerson}. Rejects where the directory is
   * one of a dry run, whose plan would keep them.
   */
  erase(who: string): Promise<Erasure>
  /** The invites that are neither accepted nor forgotten, oldest first. */
  invites(): Promise<readonly ShownInvite[]>
  /** Forgets the invite of a login; see {@link forgetInvite}. */
  forgetInvite(login: string): Promise<Invite>
  /** Accepts that what a guard stopped is really gone from Box; see {@link acceptDisappearance}. */
  acceptDisappearance(): Promise<Accepted>
  /** Makes a token and resolves to it; where there is no directory yet, it is made too. */
  makeToken(request: TokenRequest): Promise<string>
  /** All tokens, oldest first. */
  listTokens(): Promise<readonly ShownToken[]>
  /** Ends a token; a running bridge knows within a second or two. */
  revokeToken(name: string): Promise<void>
}

/** Which entries of the audit are exported. */
export interface AuditExport extends Pick<AuditRequest, 'since' | 'until'> {
  /** Only entries with a greater id; default all. */
  readonly after?: number | undefined
  /** Whether to wait for further ones, without end. */
  readonly follow: boolean
  /** Ends the export; default at the last entry, or never where it follows. */
  readonly end?: AbortSignal | undefined
}

/** How many entries are in memory at a time. */
const exportPage = 500

/** How often one who follows the audit looks for more. */
const followMs: Milliseconds = 1_000

/** The operator's side of the directory at `databaseUrl`; nothing is opened until it is asked. */
export function createOperator(
  databaseUrl: string,
  {
    clock = systemClock,
    random = systemRandom
  }: { readonly clock?: Clock; readonly random?: Random } = {}
): Operator {
  const beside = async <Result>(work: (directory: Directory) => Promise<Result>) => {
    const directory = await openDirectoryBeside(databaseUrl)
    try {
      return await work(directory)
    } finally {
      await directory.close()
    }
  }
  const isDryRun = async () => (await readOwner(databaseUrl))?.dryRun === true
  return {
    backUp: (file) => backUpDirectory(databaseUrl, file),
    status: () => readStatus(databaseUrl, clock.now()),
    fuses: () => beside((directory) => reportFuses(directory)),
    actOnHeld: (verb, names) =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return actOnHeld(directory, verb, names, at)
      }),
    async plan() {
      const owner = await readOwner(databaseUrl)
      if (owner?.dryRun !== true) throw new Error(noDryRun)
      const { host, enterpriseId } = owner
      return { box: { host, enterpriseId }, ...(await beside((it) => reportPlan(it))) }
    },
    async explain(what) {
      const story = await beside((directory) => explain(directory, what, clock.now()))
      return { dryRun: await isDryRun(), ...story }
    },
    async exportAudit(wanted, take) {
      const dryRun = await isDryRun()
      await beside((directory) =>
        exportAudit(directory, wanted, (record) => take(exportedEntry(record, dryRun)))
      )
    },
    async erase(who) {
      if (await isDryRun()) throw new Error(noErasure)
      const at = { now: clock.now(), correlationId: random.uuid() }
      return beside((directory) => erasePerson(directory, who, at))
    },
    invites: () => beside((directory) => listInvites(directory)),
    forgetInvite: (login) =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return forgetInvite(directory, login, at)
      }),
    acceptDisappearance: () =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return acceptDisappearance(directory, at)
      }),
    async makeToken(request) {
      await createDirectoryIfMissing(databaseUrl, { clock, log: pino({ enabled: false }) })
      return beside((directory) => makeToken({ directory, clock, random }, request))
    },
    listTokens: () => beside((directory) => showTokens(directory, clock.now())),
    revokeToken: (name) => beside((directory) => revokeToken({ directory, clock, random }, name))
  }
}

const noDryRun =
  'This is no directory of a dry run. Start the bridge with DRY_RUN=true, let the identity provider run, ' +
  'and give this command the same DATABASE_URL.'

const noErasure =
  'This is the directory of a dry run, whose plan holds what was to be written about everybody: delete the ' +
  'file when the plan is no longer needed.'

async function exportAudit(
  { history }: Directory,
  { since, until, after = 0, follow, end }: AuditExport,
  take: (record: AuditRecord) => void
): Promise<void> {
  let afterId = after
  for (;;) {
    if (end?.aborted === true) return
    const page = await history.list({ afterId, limit: exportPage, since, until })
    for (const record of page) take(record)
    afterId = page.at(-1)?.id ?? afterId
    if (page.length === exportPage) continue
    if (!follow) return
    await wait(followMs, undefined, end === undefined ? {} : { signal: end }).catch(() => undefined)
  }
}
