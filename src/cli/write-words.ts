import type { DryPlan } from '../compose/operator.ts'
import { harmless } from './words.ts'

type Write = DryPlan['changes'][number]['write']

/** Somebody or something with the id. */
export function named(name: string | null, id: string | null): string {
  if (id === null) return name ?? 'somebody'
  return name === null ? id : `${name} (${id})`
}

type Words = {
  readonly [Kind in Write['kind']]: (write: Extract<Write, { kind: Kind }>, who: string) => string
}

const words: Words = {
  'create-user': ({ isAppUser, fields }) =>
    `would be created${isAppUser ? ' as an app user' : ''}${listOf(fields)}`,
  'update-user': (write) => describeUpdate(write),
  'delete-user': ({ force }) => `would be deleted${force ? ' with everything owned' : ''}`,
  'transfer-content': ({ to }) => `the content would be moved to user ${to}`,
  'end-sessions': () => 'the sessions would be ended',
  'add-alias': ({ email }) => `${email} would become an alias`,
  'remove-alias': ({ email }) => `the alias ${email} would be removed`,
  invite: () => 'would be invited',
  'create-group': ({ fields }) => `would be created${listOf(fields)}`,
  'update-group': (write) => `would be changed${changesOf(write)}`,
  'delete-group': () => 'would be deleted',
  'add-membership': (_, who) => `${who} would be added`,
  'remove-membership': (_, who) => `${who} would be removed`
}

/** What would become of a person or a group by a write, in words; `who`: the person in a group. */
export function describeWrite(write: Write, who: string): string {
  const describe = words[write.kind] as (write: Write, who: string) => string
  return describe(write, who)
}

function describeUpdate(write: Extract<Write, { kind: 'update-user' }>): string {
  const { status } = write.fields
  const verb =
    status === undefined || status === write.before.status
      ? 'changed'
      : status === 'active'
        ? 'activated'
        : 'deactivated'
  return `would be ${verb}${changesOf(write)}`
}

function listOf(fields: object): string {
  const given = Object.entries(fields).map(([name, value]) => `${name} ${show(value)}`)
  return given.length === 0 ? '' : `: ${given.join(', ')}`
}

function changesOf({ fields, before }: { readonly fields: object; readonly before: object }) {
  const had = new Map<string, unknown>(Object.entries(before))
  const changed = Object.entries(fields).map(
    ([name, value]) => `${name} ${show(had.get(name))} → ${show(value)}`
  )
  return `: ${changed.join(', ')}`
}

function show(value: unknown): string {
  return harmless(JSON.stringify(value ?? null))
}
