import { isDeepStrictEqual } from 'node:util'
import type { EpochMs } from '../../lib/clock.ts'
import { bridgeActor, operatorActor, type AuditedOperation, type AuditRecord } from '../audit.ts'
import { auditedPlan } from '../audit-values.ts'
import type { BoxCallRecord } from '../box-port.ts'
import { heldMs } from '../held.ts'
import type { Invite } from '../invites.ts'
import { isRemoval, type JournalEntry } from '../operations.ts'
import { wordsOfAction } from './action-words.ts'
import { wordsOfOperation, wordsOfValues, type Names } from './operation-words.ts'
import { wordsOfOutcome } from './outcome-words.ts'
import type { StorySubject } from './subject.ts'

/** What a story is told from. */
export interface StoryFacts {
  readonly subject: StorySubject
  /** What the directory knows of it now, in a sentence. */
  readonly state: string
  /** Oldest first. */
  readonly entries: readonly AuditRecord[]
  /** What is open or held, oldest first. */
  readonly open: readonly JournalEntry[]
  /** Invites that nobody has accepted yet. */
  readonly invites: readonly Invite[]
  readonly names: Names
  readonly now: EpochMs
}

/** One thing that happened. Printed as JSON too. */
export interface StoryEvent {
  /** RFC 3339, UTC. */
  readonly time: string
  readonly correlationId: string
  /** Who asked for what. */
  readonly asked: string
  /** What the bridge began to do in Box, in order. */
  readonly decided: readonly string[]
  /** What Box answered, in order. */
  readonly box: readonly string[]
  readonly result: string
  readonly notes: readonly string[]
}

/** What happened to somebody or something, in order, and what is still to come. */
export interface Story {
  /** Whom it is about. */
  readonly about: string
  /** How it is now. */
  readonly state: string
  /** How many earlier events are left out. */
  readonly earlier: number
  readonly events: readonly StoryEvent[]
  /** What is on its way or held. */
  readonly pending: readonly string[]
}

/** So many events are told, the newest: the export has them all. */
const mostEvents = 200

/** More operations or calls of one kind than this are counted rather than told. */
const mostAlike = 5

/** Tells the story. */
export function tellStory(facts: StoryFacts): Story {
  const { subject, state, entries, open, invites } = facts
  const whole = entries.filter((entry, index) => !entries.slice(index + 1).some(goesOn(entry)))
  return {
    about: subject.title,
    state,
    earlier: Math.max(0, whole.length - mostEvents),
    events: whole.slice(-mostEvents).map((entry) => eventOf(entry, facts)),
    pending: [
      ...counted(open.map((entry) => ({ text: pendingWords(entry, facts), alike: '' }))),
      ...invites.map(inviteWords)
    ]
  }
}

/** A request that is written down with its last change, and again when the rest of it fails. */
function goesOn(earlier: AuditRecord): (later: AuditRecord) => boolean {
  return (later) =>
    later.correlationId === earlier.correlationId &&
    later.action === earlier.action &&
    later.target === earlier.target &&
    earlier.actor !== bridgeActor &&
    begins(later.plan, earlier.plan) &&
    begins(later.calls, earlier.calls)
}

function begins(all: readonly unknown[], first: readonly unknown[]): boolean {
  return isDeepStrictEqual(all.slice(0, first.length), first)
}

function eventOf(entry: AuditRecord, { subject, names }: StoryFacts): StoryEvent {
  const { at, correlationId, plan, calls, outcome, notes } = entry
  const own = plan.filter((operation) => subject.concerns(operation))
  const others = plan.length - own.length
  const decided = counted(
    own.map((operation) => ({
      text: wordsOfOperation(operation, names),
      alike: `${operation.kind}, for further ones`
    }))
  )
  const aside = others === 0 ? [] : [`operations about others: ${others}`]
  return {
    time: moment(at),
    correlationId,
    asked: askedWords(entry),
    decided: [...decided, ...aside],
    box: callWords(calls),
    result: wordsOfOutcome(outcome),
    notes
  }
}

function askedWords({ actor, action, asked, target }: AuditRecord): string {
  const deed = wordsOfAction(action)
  if (actor === bridgeActor) return `the bridge ${deed}`
  if (actor === operatorActor) return `the operator ${deed}`
  if (asked === undefined) return `${actor} asked to ${deed} (${target})`
  const { source, attributes, values } = asked
  const what = wordsOfValues(attributes, values)
  return `${actor} asked from ${source} to ${deed}${what === '' ? '' : `: ${what}`}`
}

/** Calls that follow each other and were answered alike are told once. */
function callWords(calls: readonly BoxCallRecord[]): readonly string[] {
  const told: { text: string; ids: string[] }[] = []
  for (const { operation, status, code, requestId } of calls) {
    const answer = status === 0 ? 'got no answer' : `was answered ${status} ${code}`.trim()
    const text = `${operation} ${answer}`
    const last = told.at(-1)
    const ids = requestId === '' ? [] : [requestId]
    if (last?.text === text) last.ids.push(...ids)
    else told.push({ text, ids })
  }
  return told.map(({ text, ids }) => {
    const shown = ids.slice(0, mostAlike).join(', ')
    const more = ids.length > mostAlike ? ` and ${ids.length - mostAlike} more` : ''
    return shown === '' ? text : `${text} (request id ${shown}${more})`
  })
}

/** The first of those that are alike, and how many more there are. */
function counted(
  lines: readonly { readonly text: string; readonly alike: string }[]
): readonly string[] {
  const seen = new Map<string, number>()
  const told: string[] = []
  for (const { text, alike } of lines) {
    const count = (seen.get(alike) ?? 0) + 1
    seen.set(alike, count)
    if (count <= mostAlike) told.push(text)
  }
  const rest = [...seen].filter(([, count]) => count > mostAlike)
  return [
    ...told,
    ...rest.map(([alike, count]) => `${count - mostAlike} more${alike === '' ? '' : `: ${alike}`}`)
  ]
}

function pendingWords(entry: JournalEntry, { names, now }: StoryFacts): string {
  const [operation] = auditedPlan([entry.operation], 'ids') as [AuditedOperation]
  return `${wordsOfOperation(operation, names)}: ${stateWords(entry, now)}`
}

function inviteWords({ login, sentAt, status }: Invite): string {
  return `an answer to the invite of ${login}, sent at ${moment(sentAt)}: ${status}`
}

function stateWords(entry: JournalEntry, now: EpochMs): string {
  const { state, notBefore, decidedAt, sentAt = decidedAt } = entry
  const next = notBefore > now ? `at ${moment(notBefore)}` : 'now'
  switch (state) {
    case 'held':
      return heldWords(entry)
    case 'sent':
      return `sent at ${moment(sentAt)}, and not answered yet`
    case 'unknown':
      return `sent at ${moment(sentAt)}, and what became of it is not known: the bridge looks ${next}`
    default:
      return decidedWords(entry, next)
  }
}

function heldWords({ heldAt, decidedAt, askedBy = '' }: JournalEntry): string {
  const since = heldAt ?? decidedAt
  return (
    `held by the fuse since ${moment(since)}, asked by ${askedBy}; dropped at ` +
    `${moment(since + heldMs)} unless somebody runs box-scim fuse release`
  )
}

function decidedWords(entry: JournalEntry, next: string): string {
  const { attempts, outcome, operation, acknowledged, decidedAt } = entry
  const before =
    outcome === undefined ? '' : `, failed so far (${outcome}) after ${tries(attempts)}`
  const isDriven = isRemoval(operation) || acknowledged || 'refusals' in operation
  const rest =
    isDriven || operation.kind === 'remove-alias'
      ? `the bridge tries ${outcome === undefined ? '' : 'again '}${next}`
      : "left to the identity provider's retry"
  return `decided at ${moment(decidedAt)}${before}; ${rest}`
}

function tries(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`
}

function moment(at: EpochMs): string {
  return new Date(at).toISOString()
}
