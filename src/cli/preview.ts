import { readFileSync } from 'node:fs'
import { runPreview, type PreviewReport } from '../compose/preview/run-preview.ts'
import { loadConfig } from '../config/load.ts'
import { exitCodes, readText, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count, harmless } from './words.ts'
import { describeWrite, named } from './write-words.ts'

/** What `box-scim preview` can be told. */
export interface PreviewCommandOptions {
  readonly login?: string
  readonly externalId?: string
  readonly json?: boolean
}

type Person = PreviewReport['people'][number]

/** How many people of one kind are written out for a person; `--json` has them all. */
const listed = 50

/** Prints what would become of the people in a file; the exit code is 2 where somebody is in conflict. */
export async function preview(
  io: CommandIo,
  file: string,
  { json, ...columns }: PreviewCommandOptions
): Promise<number> {
  let hasConflicts = false
  const code = await runCommand(io, async () => {
    const found = await runPreview(loadConfig(io.env, readText), readFileSync(file), columns)
    hasConflicts = found.people.some(({ outcome }) => outcome === 'conflict')
    if (json === true) io.out(JSON.stringify(found, null, 2))
    else for (const line of describe(found)) io.out(harmless(line))
  })
  return hasConflicts ? exitCodes.conflicts : code
}

const words = {
  conflict: 'in conflict',
  linked: 'linked',
  restored: 'restored',
  created: 'created',
  unchanged: 'linked already'
} as const satisfies Readonly<Record<Person['outcome'], string>>

const outcomes = {
  conflict: 'In conflict: these would be refused, or are not whom the file takes them for',
  linked: 'Would be linked: they have a Box user, which is taken over',
  restored: 'Would come back: they were deleted in SCIM, and get the same Box user again',
  created:
    'Would be created: nobody can know before whether Box has such a login outside the enterprise',
  unchanged: 'Linked already: they stay as they are'
} as const satisfies Readonly<Record<Person['outcome'], string>>

function describe(report: PreviewReport): readonly string[] {
  const { box, people, inBoxOnly, source } = report
  const from = source === 'box' ? 'read from Box just now' : 'as the directory knows it'
  const parts = (Object.keys(outcomes) as (keyof typeof outcomes)[]).map((outcome) => ({
    title: outcomes[outcome],
    lines: people.filter((person) => person.outcome === outcome).map(describePerson),
    most: outcome === 'conflict' ? Infinity : listed
  }))
  const only = {
    title: 'In Box only: the file does not have them, and nothing becomes of them',
    lines: inBoxOnly.map(describeInBoxOnly),
    most: listed
  }
  return [
    `${count(people.length)} people against Box enterprise ${box.enterpriseId} at ${box.host}, ${from}; nothing was changed.`,
    `Columns: ${describeColumns(report)}.`,
    `Outcome: ${describeCounts(report)}.`,
    ...[...parts, only].filter(({ lines }) => lines.length > 0).flatMap(describePart)
  ]
}

function describeCounts({ people, inBoxOnly }: PreviewReport): string {
  const counts = (Object.keys(words) as (keyof typeof words)[]).map((outcome) => {
    const found = people.filter((person) => person.outcome === outcome).length
    return `${count(found)} ${words[outcome]}`
  })
  return [...counts, `${count(inBoxOnly.length)} in Box only`].join(', ')
}

function describeColumns({ columns }: PreviewReport): string {
  const { login, externalId, name } = columns
  const names = name ?? [columns.givenName, columns.familyName].filter(Boolean).join(' + ')
  return `login from ${login}, external id from ${externalId ?? 'none'}, name from ${names || 'none'}`
}

function describePart(part: {
  readonly title: string
  readonly lines: readonly string[]
  readonly most: number
}): readonly string[] {
  const { title, lines, most } = part
  const rest = lines.length - most
  return [
    '',
    `${title}: ${count(lines.length)}`,
    ...lines.slice(0, most),
    ...(rest > 0 ? [`  and ${count(rest)} more; --json has them all`] : [])
  ]
}

function describePerson({ line, login, userId, code, reason, writes }: Person): string {
  const who = named(login === '' ? null : login, userId)
  const shown = login === '' && userId === null ? 'nobody' : who
  const changes = writes
    .filter(({ kind }) => kind !== 'create-user')
    .map((write) => describeWrite(write, who))
  const remarks = [code, reason, ...changes].filter((text) => text !== null)
  return `  line ${line} ${shown}${remarks.length === 0 ? '' : `: ${remarks.join(': ')}`}`
}

function describeInBoxOnly(person: PreviewReport['inBoxOnly'][number]): string {
  const { userId, login, name, linked } = person
  const facts = [linked ? 'linked' : 'never linked', ...(person.protected ? ['protected'] : [])]
  return `  ${named(login, userId)} ${name}: ${facts.join(', ')}`
}
