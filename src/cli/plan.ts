import type { DryPlan } from '../compose/operator.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count, harmless, moment } from './words.ts'
import { describeWrite, named } from './write-words.ts'

type Change = DryPlan['changes'][number]
type Write = Change['write']

/** Prints what a dry run would have done, for a person or as JSON. */
export function plan(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  return runCommand(io, async () => {
    const found = await operatorOf(io).plan()
    if (options.json === true) io.out(JSON.stringify(found, null, 2))
    else for (const line of describe(found)) io.out(line)
  })
}

function describe({ box, changes, undone, fuses }: DryPlan): readonly string[] {
  const subjects = Map.groupBy(changes, subjectOf)
  return [
    `Dry run of Box enterprise ${box.enterpriseId} at ${box.host}: Box was read and not changed.`,
    ...describeCounts(changes),
    ...[...subjects].flatMap(([subject, steps]) =>
      ['', harmless(subject)].concat(steps.map(lineOf))
    ),
    '',
    ...describeUndone(undone),
    ...Object.entries(fuses).flatMap(([fuse, opened]) =>
      opened === null
        ? []
        : [
            `The fuse for ${fuse} would have opened at ${moment(opened.openedAt)} and held ${count(opened.held)} of these removals.`
          ]
    ),
    'The identity provider takes all of this for done: restart provisioning there before the bridge runs without DRY_RUN (docs/dry-run.md).'
  ]
}

/** Memberships belong to their group, as an admin looks for them. */
function subjectOf({ userId, login, groupId, group }: Change): string {
  return groupId === null ? named(login, userId) : named(group, groupId)
}

function lineOf({ number, write, login, userId }: Change): string {
  return harmless(`${`#${number}`.padStart(7)} ${describeWrite(write, named(login, userId))}`)
}

const kinds = [
  ['people', 'created', ({ kind }) => kind === 'create-user'],
  ['people', 'deactivated', (write) => isStatusChange(write) && !isActivation(write)],
  ['people', 'activated', (write) => isStatusChange(write) && isActivation(write)],
  ['people', 'changed', (write) => write.kind === 'update-user' && !isStatusChange(write)],
  ['people', 'deleted', ({ kind }) => kind === 'delete-user'],
  ['people', 'invited', ({ kind }) => kind === 'invite'],
  ['people', 'other steps', ({ kind }) => /alias|sessions|transfer/.test(kind)],
  ['groups', 'created', ({ kind }) => kind === 'create-group'],
  ['groups', 'changed', ({ kind }) => kind === 'update-group'],
  ['groups', 'deleted', ({ kind }) => kind === 'delete-group'],
  ['memberships', 'added', ({ kind }) => kind === 'add-membership'],
  ['memberships', 'removed', ({ kind }) => kind === 'remove-membership']
] as const satisfies readonly (readonly [string, string, (write: Write) => boolean])[]

function isStatusChange(write: Write): boolean {
  if (write.kind !== 'update-user') return false
  const { fields, before } = write
  return fields.status !== undefined && fields.status !== before.status
}

function isActivation(write: Write): boolean {
  return write.kind === 'update-user' && write.fields.status === 'active'
}

function describeCounts(changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return ['Nothing would have been changed.']
  const counts = kinds.flatMap(([what, verb, isKind]) => {
    const found = changes.filter(({ write }) => isKind(write)).length
    return found === 0 ? [] : [{ what, text: `${count(found)} ${verb}` }]
  })
  const parts = [...Map.groupBy(counts, ({ what }) => what)].map(
    ([what, found]) => `${what}: ${found.map(({ text }) => text).join(', ')}`
  )
  return [`${count(changes.length)} changes; ${parts.join('; ')}`]
}

function describeUndone(undone: DryPlan['undone']): readonly string[] {
  if (undone.length === 0) return ['No removal was acknowledged.']
  return [
    `${count(undone.length)} removals were acknowledged and not done. In Box these keep their access:`,
    ...undone.map(({ number, removal, login, userId, group, groupId }) => {
      const person = userId === null ? [] : [named(login, userId)]
      const team = groupId === null ? [] : [named(group, groupId)]
      return harmless(
        `${`#${number}`.padStart(7)} ${removal}: ${[...person, ...team].join(' in ')}`
      )
    })
  ]
}
