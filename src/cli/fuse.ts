import type { Operator } from '../compose/operator.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count, harmless, moment } from './words.ts'

type Report = Awaited<ReturnType<Operator['fuses']>>
type Held = Report['held'][number]
type Verb = Parameters<Operator['actOnHeld']>[0]

/** Prints what the fuses hold, for a person or as JSON. */
export function fuseList(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  return runCommand(io, async () => {
    const report = await operatorOf(io).fuses()
    if (options.json === true) io.out(JSON.stringify(report, null, 2))
    else for (const line of describe(report)) io.out(line)
  })
}

const done = { release: 'released', discard: 'discarded' } as const satisfies Record<Verb, string>

/** Releases or discards what is held for `names`, or everything, and tells what it has done. */
export function fuseAct(io: CommandIo, verb: Verb, names: readonly string[]): Promise<number> {
  return runCommand(io, async () => {
    const { removals, closed } = await operatorOf(io).actOnHeld(verb, names)
    io.out(`${count(removals)} removals ${done[verb]}`)
    for (const fuse of closed) io.out(`The fuse for ${fuse} is closed, and counting begins anew.`)
    if (verb === 'release' && removals > 0) {
      io.out(
        'The bridge carries them out, at once where it runs; box-scim status shows how far it is.'
      )
    }
  })
}

function describe({ fuses, held }: Report): readonly string[] {
  return [
    ...Object.entries(fuses).map(
      ([name, { openedAt, held: waiting }]) =>
        `${name.padEnd(14)}${openedAt === null ? 'closed' : `open since ${moment(openedAt)}`}, ${count(waiting)} held`
    ),
    ...held.map((removal) => harmless(lineOf(removal)))
  ]
}

function lineOf(removal: Held): string {
  const { id, heldAt, expiresAt, askedBy } = removal
  return `#${id} ${removal.removal} ${subjectOf(removal)}: since ${moment(heldAt)}, expires ${moment(expiresAt)}, asked by ${askedBy}`
}

function subjectOf({ userId, login, groupId, group }: Held): string {
  const person = userId === null ? undefined : named(login, `user ${userId}`)
  const team = groupId === null ? undefined : named(group, `group ${groupId}`)
  return [person, team].filter((text) => text !== undefined).join(' in ')
}

function named(name: string | null, id: string): string {
  return name === null ? id : `${name} (${id})`
}
