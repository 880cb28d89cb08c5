import { isDeepStrictEqual } from 'node:util'
import type { EpochMs } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import type { BoxGroupFields, BoxGroupId, BoxUserFields, BoxUserId } from './model.ts'

/** One change in Box as plain data: it prints, compares, is stored in the journal and run from there. */
export type BoxOperation =
  | {
      /** An app user has no login of its own: Box makes one up. */
      readonly kind: 'create-user' | 'create-app-user'
      readonly fields: BoxUserFields
      /** What the person is found by after a lost answer; absent: the login. */
      readonly foundBy?: 'externalId'
    }
  /** Invites somebody with a Box account outside the enterprise. */
  | { readonly kind: 'invite-user'; readonly login: string }
  | { readonly kind: 'update-user'; readonly userId: BoxUserId; readonly fields: BoxUserFields }
  | {
      readonly kind: 'deactivate-user'
      readonly userId: BoxUserId
      readonly status: string
      /** True where the deactivation belongs to a DELETE: hide the person when it is done. */
      readonly tombstone: boolean
    }
  | {
      /** Ends the sessions of somebody who was deactivated. */
      readonly kind: 'end-sessions'
      readonly userId: BoxUserId
      readonly refusals: number
    }
  | {
      /** What follows the deactivation of a DELETE: moves the content, deletes the account. */
      readonly kind: 'transfer-content' | 'delete-user'
      readonly userId: BoxUserId
      /** How often Box has refused it. */
      readonly refusals: number
    }
  | { readonly kind: 'add-alias'; readonly userId: BoxUserId; readonly email: string }
  | { readonly kind: 'remove-alias'; readonly userId: BoxUserId; readonly email: string }
  | { readonly kind: 'create-group'; readonly fields: BoxGroupFields }
  | { readonly kind: 'update-group'; readonly groupId: BoxGroupId; readonly fields: BoxGroupFields }
  /** Finds the members of a group whom only Box knows, and decides their removal. */
  | { readonly kind: 'sweep-group'; readonly groupId: BoxGroupId }
  /** Deletes a group in Box, with its memberships and its folder collaborations. */
  | { readonly kind: 'delete-group'; readonly groupId: BoxGroupId }
  /** Deletes a group as SCIM means it, once a person has let it pass: only a held deletion is journaled. */
  | { readonly kind: 'dissolve-group'; readonly groupId: BoxGroupId }
  | {
      readonly kind: 'add-membership' | 'remove-membership'
      readonly groupId: BoxGroupId
      readonly userId: BoxUserId
    }

/**
 * The states of a journal entry.
 *
 * decided → sent → confirmed | refused | unknown; what had no effect is cancelled, and a removal is
 * decided again. `unknown` means that Box may or may not have done it: the bridge looks, it never
 * repeats a creation or an addition blindly. A removal that the fuse keeps back is `held`: it is not
 * worked until a person has it decided. `docs/reliability.md` has the table.
 */
export type JournalState =
  'held' | 'decided' | 'sent' | 'unknown' | 'confirmed' | 'refused' | 'cancelled'

/** The states in which an entry still needs work; one that is held needs a person first. */
export const openStates = ['decided', 'sent', 'unknown'] as const satisfies readonly JournalState[]

/** One of {@link openStates}. */
export type OpenState = (typeof openStates)[number]

/** One operation on its way to Box. */
export interface JournalEntry {
  /** Grows with each entry; entries about one subject are worked in this order. */
  readonly id: number
  /** The request that decided it. */
  readonly correlationId: string
  /** What it is about; see {@link subjectOf}. */
  readonly subject: string
  readonly operation: BoxOperation
  readonly state: JournalState
  /** True once the client has been told that it will be done: the bridge drives it to its end. */
  readonly acknowledged: boolean
  readonly attempts: number
  /** Not to be worked before this time. */
  readonly notBefore: EpochMs
  readonly decidedAt: EpochMs
  /** When it was last sent to Box; undefined where it certainly never had an effect there. */
  readonly sentAt: EpochMs | undefined
  /** What came of it, in a few words with Box's code and request id. */
  readonly outcome: string | undefined
  /** When it was counted by a fuse; undefined where it takes nothing away that SCIM shows. */
  readonly countedAt: EpochMs | undefined
  /** When the fuse held it, and for whom: the name of the caller's token; kept once it is released. */
  readonly heldAt: EpochMs | undefined
  readonly askedBy: string | undefined
}

/** A journal entry about to be written. */
export type NewJournalEntry = Pick<
  JournalEntry,
  | 'correlationId'
  | 'subject'
  | 'operation'
  | 'state'
  | 'acknowledged'
  | 'notBefore'
  | 'decidedAt'
  | 'sentAt'
  | 'countedAt'
  | 'heldAt'
  | 'askedBy'
>

/**
 * What an operation is about. Entries with one subject are worked one after another, under the lock
 * of that name: `user:ID`, `leaver:ID`, `sessions:ID`, `login:LOGIN`, `external-id:ID`, `group:ID`, `group-name:NAME`,
 * `group-members:ID`, `membership:GROUP/USER`.
 */
export function subjectOf(operation: BoxOperation): string {
  if (operation.kind === 'end-sessions') return sessionsSubject(operation.userId)
  if (isUserCreation(operation)) return creationSubject(operation)
  if (operation.kind === 'invite-user') return loginSubject(operation.login)
  if (operation.kind === 'create-group') return groupNameSubject(operation.fields.name ?? '')
  if (operation.kind === 'update-group') return groupSubject(operation.groupId)
  if ('refusals' in operation) return leaverSubject(operation.userId)
  if (!('userId' in operation)) return groupMembersSubject(operation.groupId)
  return 'groupId' in operation
    ? membershipSubject(operation.groupId, operation.userId)
    : userSubject(operation.userId)
}

/** The subject of everything that changes one person. */
export function userSubject(id: BoxUserId): string {
  return `user:${id}`
}

/** The subject of what follows somebody's DELETE: a transfer can take long, and nobody waits for it. */
export function leaverSubject(id: BoxUserId): string {
  return `leaver:${id}`
}

/** The subject of ending somebody's sessions. */
export function sessionsSubject(id: BoxUserId): string {
  return `sessions:${id}`
}

/** The subject of creating or inviting the person with this login; letter case does not matter. */
export function loginSubject(login: string): string {
  return `login:${fold(login)}`
}

/** The subject of creating the person with this external id. */
export function externalIdSubject(externalId: string): string {
  return `external-id:${externalId}`
}

/** A creation of a person. */
export type UserCreationOperation = Extract<
  BoxOperation,
  { readonly kind: 'create-user' | 'create-app-user' }
>

/** Tells whether the operation creates a person. */
export function isUserCreation(operation: BoxOperation): operation is UserCreationOperation {
  return operation.kind === 'create-user' || operation.kind === 'create-app-user'
}

function creationSubject({ fields, foundBy }: UserCreationOperation): string {
  return foundBy === 'externalId'
    ? externalIdSubject(fields.externalAppUserId ?? '')
    : loginSubject(fields.login ?? '')
}

/** The subject of everything that changes one group's attributes. */
export function groupSubject(id: BoxGroupId): string {
  return `group:${id}`
}

/** The subject of everything that changes one membership. */
export function membershipSubject(groupId: BoxGroupId, userId: BoxUserId): string {
  return `membership:${groupId}/${userId}`
}

/** The subject of what is done to all members of one group. */
export function groupMembersSubject(id: BoxGroupId): string {
  return `group-members:${id}`
}

/** The subject of creating the group with this name; letter case does not matter. */
export function groupNameSubject(name: string): string {
  return `group-name:${fold(name)}`
}

const removals: ReadonlySet<BoxOperation['kind']> = new Set([
  'deactivate-user',
  'remove-membership',
  'sweep-group',
  'delete-group',
  'dissolve-group'
])

/** Tells whether the operation takes access away; such entries are always driven to their end. */
export function isRemoval(operation: BoxOperation): boolean {
  return removals.has(operation.kind)
}

/** An entry that was decided just now and not sent; `notBefore`: default now. */
export function newEntry(
  operation: BoxOperation,
  correlationId: string,
  now: EpochMs,
  notBefore: EpochMs = now
): NewJournalEntry {
  return {
    correlationId,
    subject: subjectOf(operation),
    operation,
    state: 'decided',
    acknowledged: false,
    notBefore,
    decidedAt: now,
    sentAt: undefined,
    countedAt: undefined,
    heldAt: undefined,
    askedBy: undefined
  }
}

/** Tells whether an entry still needs work. */
export function isOpen({ state }: Pick<JournalEntry, 'state'>): boolean {
  return (openStates as readonly JournalState[]).includes(state)
}

/** Tells whether what the entry asks for may have been done already: sent, and never known to have failed. */
export function mayHaveReachedBox({ sentAt }: Pick<JournalEntry, 'sentAt'>): boolean {
  return sentAt !== undefined
}

/** Tells whether two operations ask the same of Box. */
export function isSameOperation(left: BoxOperation, right: BoxOperation): boolean {
  return isDeepStrictEqual(left, right)
}
