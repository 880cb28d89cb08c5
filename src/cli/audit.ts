import type { EpochMs } from '../lib/clock.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count } from './words.ts'

/** What `box-scim audit export` takes. */
export interface ExportOptions {
  readonly since?: string
  readonly until?: string
  readonly after?: string
  readonly follow?: boolean
}

/** Prints the audit as JSON lines. */
export function auditExport(io: CommandIo, options: ExportOptions): Promise<number> {
  return runCommand(io, async () => {
    const { since, until, after, follow = false } = options
    const wanted = {
      end: io.unread,
      since: timeOf('--since', since),
      until: timeOf('--until', until),
      after: idOf(after),
      follow
    }
    await operatorOf(io).exportAudit(wanted, (entry) => io.out(JSON.stringify(entry)))
  })
}

/** Takes a person's data out of audit and journal, and says where else some may be. */
export function auditErase(io: CommandIo, person: string): Promise<number> {
  return runCommand(io, async () => {
    const { id, auditEntries, journalEntries, isInBox } = await operatorOf(io).erase(person)
    io.out(
      `Erased from ${count(auditEntries)} entries of the audit and ${count(journalEntries)} of the journal.`
    )
    if (id !== undefined) io.out(`They keep the Box id ${id}.`)
    if (isInBox) {
      io.out(
        'Box still has the account, and the directory what Box shows of it, until it is deleted in Box.'
      )
    }
    io.out('Backups, exported entries and logs from before may hold data of the person still.')
  })
}

function timeOf(option: string, text: string | undefined): EpochMs | undefined {
  if (text === undefined) return undefined
  const at = Date.parse(text)
  if (!Number.isNaN(at)) return at
  throw new Error(`${option} takes a date or a time such as 2026-11-01T00:00:00Z.`)
}

function idOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Error('--after takes the id of an entry.')
}
