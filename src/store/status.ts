import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import type { FuseName } from '../provisioning/fuse-limit.ts'
import type { JournalState } from '../provisioning/operations.ts'
import { monthKey, progressKey } from '../provisioning/notes.ts'
import type { MonthNote, ProgressNote } from '../provisioning/notes.ts'
import { eventsKey, importedKey } from '../provisioning/ports.ts'
import type { EventsProgress } from '../provisioning/ports.ts'
import type { Connection } from './dialect.ts'
import { driftOf } from './drift-status.ts'
import type { DriftStatus } from './drift-status.ts'
import { isOpen, isOther, noEntries } from './journal.ts'
import { leaversOf } from './leaver-status.ts'
import type { LeaverStatus } from './leaver-status.ts'
import { assertCurrentForm } from './migrations/migrate.ts'
import { readDatabase } from './read-database.ts'

/** What an operator wants to know of a directory. Printed as JSON too: what is not there is null. */
export interface DirectoryStatus {
  /** The path of the database. */
  readonly database: string
  /** Whose directory it is; null where no bridge has run on it yet. */
  readonly box: { readonly host: string; readonly enterpriseId: string } | null
  /** When the first import was done; null while it is not, and the counts tell how far it is. */
  readonly importedAt: EpochMs | null
  /** How Box's events are followed; null where they never were. */
  readonly events: EventsStatus | null
  readonly people: ResourceCounts & { readonly active: number; readonly inactive: number }
  readonly groups: ResourceCounts
  readonly journal: JournalStatus
  /** The calls to Box as the bridge last wrote them down, at most a minute ago; null before it did. */
  readonly calls: Pick<MonthNote, 'month' | 'calls' | 'allowance'> | null
  readonly drift: DriftStatus
  /** What is still to follow deactivations and DELETEs. */
  readonly leavers: LeaverStatus
  /** Invites of people with Box accounts outside the enterprise. */
  readonly invites: InviteStatus
  /** What keeps removals back when there are too many. */
  readonly fuses: Readonly<Record<FuseName, FuseStatus>>
  readonly audit: AuditStatus
}

/** Whether changes that others make in Box are known. */
interface EventsStatus {
  /** When events were last read. */
  readonly readAt: EpochMs | null
  /** True where the app lacks the scope for it. */
  readonly isForbidden: boolean
}

/** How many resources there are. */
interface ResourceCounts {
  /** What SCIM shows; `linked` and the like are parts of it. */
  readonly shown: number
  readonly linked: number
  /** Deleted in SCIM, kept in Box. */
  readonly tombstones: number
}

/** What is on its way to Box, and what has been. */
interface JournalStatus {
  readonly states: Readonly<Record<JournalState, number>>
  /** When the oldest open entry was decided. */
  readonly oldestOpenAt: EpochMs | null
  /** Additions and removals of members that a client was told will be done, and are not yet. */
  readonly pendingMemberships: number
  /** How fast they are carried out, as last written down; null where that was not yet. */
  readonly membershipRate: ProgressNote | null
  /** Access that is still to be taken away, oldest first. */
  readonly openRemovals: readonly OpenRemoval[]
}

/** A fuse, and what it holds. */
interface FuseStatus {
  /** Null while it is closed. */
  readonly openedAt: EpochMs | null
  readonly held: number
}

/** A removal on its way; it names nobody but by id. */
interface OpenRemoval {
  readonly id: number
  /** E.g. `deactivate-user`. */
  readonly operation: string
  /** E.g. `user:123`. */
  readonly subject: string
  readonly state: JournalState
  readonly attempts: number
  readonly decidedAt: EpochMs
}

/** Invites that are neither accepted nor forgotten; `box-scim invite list` names them. */
interface InviteStatus {
  /** Invites by Box's word for their state, or `unknown` or `gone`. */
  readonly states: Readonly<Record<string, number>>
  readonly oldestAt: EpochMs | null
}

/** What was done lately. */
interface AuditStatus {
  /** The entries of the last 24 hours whose outcome is another than `done`. */
  readonly failures24h: number
  /** The newest entries, newest first. */
  readonly last: readonly AuditLine[]
}

/** An entry of the audit, without its plan and calls. */
interface AuditLine {
  readonly at: EpochMs
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly outcome: string
}

const dayMs = 86_400_000

/** How many of the newest audit entries are shown. */
const auditLines = 10

/**
 * Reads the status of a directory, all of it as of one moment, whether or not a server is running.
 *
 * @throws DirectoryOpenError Where the database cannot be read or has the form of another version.
 */
export async function readStatus(url: string, now: EpochMs): Promise<DirectoryStatus> {
  return readDatabase(url, ({ connection, path, name }) => {
    connection.sqlite.exec('begin')
    assertCurrentForm(connection, name)
    return {
      database: path,
      box: boxOf(connection),
      importedAt: importedAt(connection),
      events: eventsOf(connection),
      people: peopleOf(connection),
      groups: groupsOf(connection),
      journal: journalOf(connection),
      calls: callsOf(connection),
      drift: driftOf(connection, now),
      leavers: leaversOf(connection, now),
      invites: invitesOf(connection),
      fuses: fusesOf(connection),
      audit: auditOf(connection, now)
    }
  })
}

function read<Row>(connection: Connection, query: RawBuilder<Row>): readonly Row[] {
  return connection.run(query.compile(connection.db))
}

function boxOf(connection: Connection): DirectoryStatus['box'] {
  const [owner] = connection.run(connection.db.selectFrom('identity').selectAll().compile())
  return owner === undefined ? null : { host: owner.box_host, enterpriseId: owner.enterprise_id }
}

function importedAt(connection: Connection): EpochMs | null {
  return (noteOf(connection, importedKey) as EpochMs | undefined) ?? null
}

/** A named value. */
function noteOf(connection: Connection, key: string): unknown {
  const query = connection.db.selectFrom('state').select('value').where('key', '=', key)
  const [row] = connection.run(query.compile())
  return row === undefined ? undefined : (JSON.parse(row.value) as unknown)
}

function callsOf(connection: Connection): DirectoryStatus['calls'] {
  const note = noteOf(connection, monthKey) as MonthNote | undefined
  if (note === undefined) return null
  const { month, calls, allowance } = note
  return { month, calls, allowance }
}

function eventsOf(connection: Connection): EventsStatus | null {
  const progress = noteOf(connection, eventsKey) as EventsProgress | undefined
  if (progress === undefined) return null
  const { readAt, isForbidden } = progress
  return { readAt, isForbidden }
}

const resourceCounts = sql`count(*) filter (where tombstone = 0) as shown,
  count(*) filter (where tombstone = 0 and linked = 1) as linked,
  count(*) filter (where tombstone = 1) as tombstones`

function peopleOf(connection: Connection): DirectoryStatus['people'] {
  const [counts] = read(
    connection,
    sql<DirectoryStatus['people']>`select ${resourceCounts},
      count(*) filter (where tombstone = 0 and text ->> '$.active') as active,
      count(*) filter (where tombstone = 0 and not text ->> '$.active') as inactive
      from users`
  )
  return { shown: 0, linked: 0, tombstones: 0, active: 0, inactive: 0, ...counts }
}

function groupsOf(connection: Connection): DirectoryStatus['groups'] {
  const [counts] = read(connection, sql<ResourceCounts>`select ${resourceCounts} from groups`)
  return { shown: 0, linked: 0, tombstones: 0, ...counts }
}

function journalOf(connection: Connection): JournalStatus {
  const states = { ...noEntries }
  const counted = sql<{ state: JournalState; entries: number }>`select state, count(*) as entries
    from journal group by state`
  for (const { state, entries } of read(connection, counted)) states[state] = entries
  const [open] = read(
    connection,
    sql<{ oldest: EpochMs | null; memberships: number }>`select min(decided_at) as oldest,
      count(*) filter (where acknowledged = 1 and subject glob 'membership:*') as memberships
      from journal where ${isOpen} and ${isOther}`
  )
  return {
    states,
    oldestOpenAt: open?.oldest ?? null,
    pendingMemberships: open?.memberships ?? 0,
    membershipRate: (noteOf(connection, progressKey) as ProgressNote | undefined) ?? null,
    openRemovals: read(
      connection,
      sql<OpenRemoval>`select id, operation ->> '$.kind' as operation, subject, state, attempts,
        decided_at as "decidedAt" from journal where ${isOpen} and removal = 1 order by id`
    )
  }
}

function invitesOf(connection: Connection): InviteStatus {
  const rows = read(
    connection,
    sql<{ status: string; invites: number; oldest: EpochMs }>`select status, count(*) as invites,
      min(sent_at) as oldest from invites group by status order by status`
  )
  return {
    states: Object.fromEntries(rows.map(({ status, invites }) => [status, invites])),
    oldestAt: rows.length === 0 ? null : Math.min(...rows.map(({ oldest }) => oldest))
  }
}

function fusesOf(connection: Connection): DirectoryStatus['fuses'] {
  const opened = read(
    connection,
    sql<{ key: string; at: EpochMs | null }>`select key, value ->> '$.openedAt' as at from state
      where key glob 'fuse.*'`
  )
  const [held] = read(
    connection,
    sql<Record<FuseName, number>>`select count(*) filter (where subject glob 'user:*') as people,
      count(*) filter (where subject not glob 'user:*') as memberships
      from journal where state = 'held'`
  )
  const statusOf = (fuse: FuseName): FuseStatus => ({
    openedAt: opened.find(({ key }) => key === `fuse.${fuse}`)?.at ?? null,
    held: held?.[fuse] ?? 0
  })
  return { people: statusOf('people'), memberships: statusOf('memberships') }
}

function auditOf(connection: Connection, now: EpochMs): AuditStatus {
  const [failures] = read(
    connection,
    sql<{ entries: number }>`select count(*) as entries from audit
      where at > ${now - dayMs} and outcome <> 'done'`
  )
  return {
    failures24h: failures?.entries ?? 0,
    last: read(
      connection,
      sql<AuditLine>`select at, actor, action, target, outcome
        from audit order by id desc limit ${auditLines}`
    )
  }
}
