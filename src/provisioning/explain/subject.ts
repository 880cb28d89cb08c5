import { fold } from '../../lib/text.ts'
import type { AuditRecord } from '../audit.ts'
import type { AuditedOperation } from '../audit.ts'
import type { JournalEntry } from '../operations.ts'

/** Whom or what a story is about. */
export interface StorySubject {
  readonly kind: 'user' | 'group' | 'request'
  /** The Box id; undefined where there is none, or where it is not known any more. */
  readonly id: string | undefined
  /** E.g. `User 123 (ann@example.com)`. */
  readonly title: string
  /** Texts one of which everything about it holds. */
  readonly texts: readonly string[]
  /** Tells whether an entry of the audit is part of the story. */
  readonly isIn: (entry: AuditRecord) => boolean
  /** Tells whether an entry of the journal is. */
  readonly awaits: (entry: JournalEntry) => boolean
  /** Tells whether an operation of such an entry is about it, rather than about others. */
  readonly concerns: (operation: AuditedOperation) => boolean
}

/** A person or group, by id, by what it is called, or by both. */
export interface Named {
  readonly id: string | undefined
  /** Logins or names of groups; the first is the one that is shown. */
  readonly names: readonly string[]
}

/** A person. */
export function userStory({ id, names }: Named): StorySubject {
  const folded = new Set(names.map(fold))
  // A login can pass to somebody else: only by id is an operation for certain about this person.
  const concerns = ({ kind, userId }: AuditedOperation) =>
    kind === 'create-user' || kind === 'invite-user' || isSame(userId, id)
  const isTarget = (target: string) => {
    const { kind, name } = split(target)
    if (kind === 'membership') return isSame(name.split('/')[1], id)
    return userTargets.has(kind) && (isSame(name, id) || folded.has(fold(name)))
  }
  return subject('user', { id, names }, { concerns, isTarget })
}

/** A group. */
export function groupStory({ id, names }: Named): StorySubject {
  const folded = new Set(names.map(fold))
  const concerns = ({ kind, groupId }: AuditedOperation) =>
    kind === 'create-group' || isSame(groupId, id)
  const isTarget = (target: string) => {
    const { kind, name } = split(target)
    if (kind === 'membership') return isSame(name.split('/')[0], id)
    return groupTargets.has(kind) && (isSame(name, id) || folded.has(fold(name)))
  }
  return subject('group', { id, names }, { concerns, isTarget })
}

/** A request, with everything that followed from it. */
export function requestStory(correlationId: string): StorySubject {
  const isIt = (entry: { readonly correlationId: string }) =>
    fold(entry.correlationId) === fold(correlationId)
  return {
    kind: 'request',
    id: undefined,
    title: `Request ${correlationId}`,
    texts: [correlationId],
    isIn: isIt,
    awaits: isIt,
    concerns: () => true
  }
}

/** What subjects and targets about people begin with. */
const userTargets: ReadonlySet<string> = new Set(['user', 'login', 'leaver', 'sessions'])

/** The same of groups. */
const groupTargets: ReadonlySet<string> = new Set(['group', 'group-name', 'group-members'])

function subject(
  kind: 'user' | 'group',
  { id, names }: Named,
  tests: {
    readonly concerns: (operation: AuditedOperation) => boolean
    readonly isTarget: (target: string) => boolean
  }
): StorySubject {
  const { concerns, isTarget } = tests
  const [name] = names
  const key = kind === 'user' ? 'userId' : 'groupId'
  const word = kind === 'user' ? 'User' : 'Group'
  const shown = name === undefined || id === undefined ? (name ?? '') : `(${name})`
  return {
    kind,
    id,
    title: [word, id, shown].filter((part) => part !== undefined && part !== '').join(' '),
    texts: [...(id === undefined ? [] : [id]), ...names],
    isIn: ({ target, plan }) =>
      isTarget(target) || plan.some((operation) => isSame(operation[key], id)),
    awaits: ({ subject: about, operation }) => isTarget(about) || isSame(idOf(operation, key), id),
    concerns
  }
}

function idOf(operation: object, key: 'userId' | 'groupId'): unknown {
  return new Map<string, unknown>(Object.entries(operation)).get(key)
}

function split(target: string): { readonly kind: string; readonly name: string } {
  const colon = target.indexOf(':')
  return { kind: target.slice(0, colon), name: target.slice(colon + 1) }
}

function isSame(value: unknown, id: string | undefined): boolean {
  return id !== undefined && value === id
}
