import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Logger } from '../lib/logger.ts'
import type { Alerts } from '../provisioning/alerts.ts'
import { isTooMuch } from '../provisioning/drift/deletions.ts'
import {
  acceptedOf,
  type Acceptance,
  type ReconcileAlarm
} from '../provisioning/drift/disappearance.ts'
import { BoxRefusedError } from '../provisioning/errors.ts'
import type { Hint } from '../provisioning/hints.ts'
import type { BoxGroupId, BoxUserId } from '../provisioning/model.ts'
import { importedKey, reconcileKey } from '../provisioning/ports.ts'
import type { BoxPort } from '../provisioning/box-port.ts'
import type { Directory } from '../provisioning/ports.ts'
import { createComparison, type ComparedPeople, type Found } from './comparison.ts'
import type { ProvisioningSettings } from '../provisioning/settings.ts'
import { createAskPersistently } from './persistently.ts'

/** Compares all people, and the groups whose turn it is, with Box, and notes hints for what differs. */
export interface Reconcile {
  /** Reconciles when it is time to, and goes on with what was interrupted, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Has everything reconciled at once, all groups included: changes in Box may have been missed. */
  soon(): Promise<void>
  /** One whole reconcile now; `turn`: of the groups whose turn it is. */
  once(scope: Scope, signal: AbortSignal): Promise<void>
}

type Scope = 'turn' | 'all'

/** What is kept of the reconciles. */
type ReconcileState = {
  /** When the last one began. */
  readonly begunAt: EpochMs | null
  /** When the last one ended that found nothing amiss. */
  readonly doneAt: EpochMs | null
  /** The part of the groups whose turn is next. */
  readonly nextPart: number
  /** True where everything is to be reconciled at once. */
  readonly wanted: boolean
  /** What is under way or was interrupted. */
  readonly progress: Progress | null
  /** That too much was missing in Box; until a reconcile finds nothing amiss. */
  readonly alarm: ReconcileAlarm | null
  /** What a person accepts of what is missing, until a reconcile finds nothing amiss. */
  readonly accepted: Acceptance | null
}

type Progress = {
  readonly scope: Scope
  /** What was found among people; null until they are compared. */
  readonly users: { readonly hints: readonly Hint[]; readonly gone: readonly BoxUserId[] } | null
  /** The group that was compared last, or ''. */
  readonly after: string
  /** What was found among the members of the groups until there. */
  readonly members: Found
}

/** How much of something is missing in Box. */
type Missing = Pick<ReconcileAlarm, 'kind' | 'missing' | 'of'>

/** The groups are looked at in so many parts, one in each reconcile. */
const parts = 7

/** How long the reconcile rests after a failure that is not Box's trouble. */
const restMs: Milliseconds = 5 * 60_000

/** The longest sleep between two looks at the clock and at what an operator wants. */
const longestSleepMs: Milliseconds = 60_000

/** What was found before an interruption that took longer is found anew. */
const staleAfterMs: Milliseconds = 24 * 60 * 60_000

const none: Found = { hints: [], missing: 0, of: 0 }

const initial: ReconcileState = {
  begunAt: null,
  doneAt: null,
  nextPart: 0,
  wanted: false,
  progress: null,
  alarm: null,
  accepted: null
}

/** What the reconcile works with. */
export interface ReconcileDependencies {
  readonly directory: Directory
  readonly box: BoxPort
  readonly clock: Clock
  readonly log: Logger
  readonly alerts: Alerts
  readonly settings: Pick<ProvisioningSettings, 'userKind'>
  /** How long after one reconcile the next begins; 0: only when asked. */
  readonly everyMs: Milliseconds
  /** Is told of hints that were noted. */
  readonly onHints: () => void
}

/** Creates the reconcile. It begins only after the first import. */
export function createReconcile(dependencies: ReconcileDependencies): Reconcile {
  const { alerts, directory, box, clock, log, settings, everyMs, onHints } = dependencies
  const ask = createAskPersistently({ clock, log, waiting: 'the reconcile waits for Box' })
  const compare = createComparison({ directory, box, ask, settings })
  let alarm = new AbortController()

  return {
    async run(signal) {
      signal.addEventListener('abort', () => alarm.abort(), { once: true })
      while (!signal.aborted) {
        const wait = await turn(signal).catch((error: unknown) => {
          if (!signal.aborted) log.error({ err: error }, 'the reconcile failed: it goes on later')
          return restMs
        })
        if (signal.aborted) return
        await clock.sleep(wait, alarm.signal).catch(() => undefined)
        if (!signal.aborted) alarm = new AbortController()
      }
    },

    async soon() {
      await save({ wanted: true })
      alarm.abort()
    },

    once
  }

  async function read(): Promise<ReconcileState> {
    return stateOf(await directory.state.get(reconcileKey))
  }

  async function save(change: Partial<ReconcileState>): Promise<void> {
    await directory.transaction(async (tx) => {
      const state = stateOf(await tx.state.get(reconcileKey))
      await tx.putState(reconcileKey, { ...state, ...change })
    })
  }

  /** Reconciles where it is time to; resolves to how long to sleep. */
  async function turn(signal: AbortSignal): Promise<Milliseconds> {
    const { wanted, progress, begunAt } = await read()
    if (wanted) await once('all', signal)
    else if (progress !== null) await once(progress.scope, signal)
    else {
      const last = begunAt ?? ((await directory.state.get(importedKey)) as EpochMs | undefined)
      const wait = (last ?? clock.now()) + everyMs - clock.now()
      if (everyMs === 0 || wait > 0)
        return everyMs === 0 ? longestSleepMs : Math.min(wait, longestSleepMs)
      await once('turn', signal)
    }
    return 0
  }

  async function once(scope: Scope, signal: AbortSignal): Promise<void> {
    const state = await begin(scope)
    const isExcess = excessBeyond(state.accepted)
    const found = await compareAll(state, isExcess, signal)
    const excess = found.find(isExcess)
    if (excess === undefined) await finish(found.flatMap(({ hints }) => hints))
    else await giveUp(excess)
  }

  /** Goes on with what was interrupted, unless that was too long ago or more is wanted now. */
  async function begin(scope: Scope): Promise<ReconcileState> {
    return directory.transaction(async (tx) => {
      const now = clock.now()
      const state = stateOf(await tx.state.get(reconcileKey))
      const { progress, begunAt } = state
      const isFresh = begunAt !== null && now < begunAt + staleAfterMs
      if (!state.wanted && progress?.scope === scope && isFresh) return state
      const fresh: Progress = { scope, users: null, after: '', members: none }
      const begun = { ...state, begunAt: now, wanted: false, progress: fresh }
      await tx.putState(reconcileKey, begun)
      return begun
    })
  }

  function excessBeyond(acceptance: Acceptance | null): (missing: Missing) => boolean {
    const accepted = acceptedOf(acceptance, clock.now())
    return ({ kind, missing, of }) => isTooMuch(missing - accepted(kind), of)
  }

  async function compareAll(
    { progress, nextPart }: ReconcileState,
    isExcess: (missing: Missing) => boolean,
    signal: AbortSignal
  ): Promise<readonly (Found & Missing)[]> {
    const {
      scope,
      after,
      members: before,
      users
    } = progress ?? {
      scope: 'all',
      after: '',
      members: none,
      users: null
    }
    const people = users === null ? await compare.users(signal) : { ...none, ...users }
    if (isExcess({ ...people, kind: 'users' })) return [{ ...people, kind: 'users' }]
    const compared = { hints: people.hints, gone: people.gone }
    await saveProgress({ scope, users: compared, after, members: before })
    const { both, ...groups } = await compare.groups(signal)
    if (isExcess({ ...groups, kind: 'groups' })) return [{ ...groups, kind: 'groups' }]
    const noted = people.hints.flatMap((hint) => (hint.kind === 'user' ? [hint.userId] : []))
    const comparedPeople = { gone: new Set(people.gone), noted: new Set(noted) }
    let members = before
    for (const groupId of both) {
      if (groupId <= after || (scope === 'turn' && partOf(groupId) !== nextPart)) continue
      members = add(members, await compareMembers(groupId, comparedPeople, signal))
      await saveProgress({ scope, users: compared, after: groupId, members })
    }
    return [
      { ...people, kind: 'users' },
      { ...groups, kind: 'groups' },
      { ...members, kind: 'memberships' }
    ]
  }

  async function compareMembers(
    groupId: BoxGroupId,
    people: ComparedPeople,
    signal: AbortSignal
  ): Promise<Found> {
    try {
      return await compare.members(groupId, people, signal)
    } catch (error) {
      if (!(error instanceof BoxRefusedError) || error.status !== 404) throw error
      // It was listed a moment ago: whether it is gone is for its own look to find out.
      return { ...none, hints: [{ kind: 'group', groupId }] }
    }
  }

  async function saveProgress(progress: Progress): Promise<void> {
    await save({ progress })
  }

  async function finish(hints: readonly Hint[]): Promise<void> {
    await directory.transaction(async (tx) => {
      const now = clock.now()
      const state = stateOf(await tx.state.get(reconcileKey))
      const nextPart =
        state.progress?.scope === 'turn' ? (state.nextPart + 1) % parts : state.nextPart
      await tx.noteHints(hints, 'reconcile', now)
      await tx.putState(reconcileKey, {
        ...state,
        doneAt: now,
        nextPart,
        progress: null,
        alarm: null,
        accepted: null
      })
    })
    log.info({ differences: hints.length }, 'the directory is compared with Box')
    if (hints.length > 0) onHints()
  }

  /** A reduced authorisation of the app looks just like that. */
  async function giveUp({ kind, missing, of }: Missing): Promise<void> {
    await save({ progress: null, alarm: { at: clock.now(), kind, missing, of } })
    alerts.raise('reconcile-stopped', { subject: 'box', kind, missing, of })
  }
}

/** What was kept, with what it leaves out. */
function stateOf(kept: JsonValue | undefined): ReconcileState {
  return { ...initial, ...(kept as Partial<ReconcileState> | undefined) }
}

/** Which part of the groups a group belongs to; it stays there whatever comes and goes. */
function partOf(groupId: BoxGroupId): number {
  return Number(BigInt(groupId.replace(/\D/g, '')) % BigInt(parts))
}

function add(left: Found, right: Found): Found {
  return {
    hints: [...left.hints, ...right.hints],
    missing: left.missing + right.missing,
    of: left.of + right.of
  }
}
