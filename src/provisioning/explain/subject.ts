import { fold } from '../../lib/text.ts'
import type { AuditRecord } from '../audit.ts'
import type { AuditedOperation } from '../audit.ts'
import { isResourceId } from '../model.ts'
import { externalIdSubject, loginSubject, type JournalEntry } from '../operations.ts'

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
  /** Of a person. */
  readonly externalIds?: readonly string[]
}

/** What makes somebody of whom Box has not told an id yet. */
const arrivals: ReadonlySet<string> = new Set(['create-user', 'create-app-user', 'invite-user'])

/** What the arrival of somebody can be journaled under; nothing for any other operation. */
export function arrivalSubjects({ kind, login, values = {} }: AuditedOperation): readonly string[] {
  if (!arrivals.has(kind)) return []
  const called = login ?? values['login']
  const known = values['externalAppUserId']
  return [
    ...(typeof called === 'string' ? [loginSubject(called)] : []),
    ...(typeof known === 'string' ? [externalIdSubject(known)] : [])
  ]
}

/** A person. */
export function userStory({ id, names, externalIds = [] }: Named): StorySubject {
  const folded = new Set(names.map(fold))
  const texts = [...names, ...externalIds]
  const handles = new Set([...names.map(loginSubject), ...texts.map(externalIdSubject)])
  // A login can pass to somebody else: only by id is an operation for certain about this person.
  const concerns = ({ kind, userId }: AuditedOperation) => arrivals.has(kind) || isSame(userId, id)
  const isTarget = (target: string) => {
    const { kind, name } = split(target)
    if (kind === 'membership') return isSame(name.split('/')[1], id)
    if (handles.has(target)) return true
    return userTargets.has(kind) && (isSame(name, id) || folded.has(fold(name)))
  }
  const isOwn = (operation: AuditedOperation, target: string) => {
    if (!arrivals.has(operation.kind)) return isSame(operation.userId, id)
    // Whoever came of it is known by the id alone: it may be somebody else with the same login.
    if (isResourceId(split(target).name)) return false
    return arrivalSubjects(operation).some((one) => handles.has(one))
  }
  return subject('user', { id, names }, { concerns, isOwn, isTarget, texts })
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
  const isOwn = ({ groupId }: AuditedOperation) => isSame(groupId, id)
  return subject('group', { id, names }, { concerns, isOwn, isTarget, texts: names })
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
const userTargets: ReadonlySet<string> = new Set(['user', 'leaver', 'sessions'])

/** The same of groups. */
const groupTargets: ReadonlySet<string> = new Set(['group', 'group-name', 'group-members'])

function subject(
  kind: 'user' | 'group',
  { id, names }: Named,
  tests: {
    readonly concerns: (operation: AuditedOperation) => boolean
    /** Tells whether an operation puts an entry into the story, whatever the target. */
    readonly isOwn: (operation: AuditedOperation, target: string) => boolean
    readonly isTarget: (target: string) => boolean
    /** What is looked for besides the id. */
    readonly texts: readonly string[]
  }
): StorySubject {
  const { concerns, isOwn, isTarget, texts } = tests
  const [name] = names
  const key = kind === 'user' ? 'userId' : 'groupId'
  const word = kind === 'user' ? 'User' : 'Group'
  const shown = name === undefined || id === undefined ? (name ?? '') : `(${name})`
  return {
    kind,
    id,
    title: [word, id, shown].filter((part) => part !== undefined && part !== '').join(' '),
    texts: [...(id === undefined ? [] : [id]), ...texts],
    isIn: ({ target, plan }) => isTarget(target) || plan.some((one) => isOwn(one, target)),
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
