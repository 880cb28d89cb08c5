import {
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  nat,
  oneof,
  option,
  record,
  type Arbitrary
} from 'fast-check'
import t, { type Test } from 'tap'
import { createModelBridge, type ModelBridge } from './bridge.ts'
import type { CallFate, FateScript } from './fate.ts'
import { Intent, observe, type Ended } from './intent.ts'
import {
  allGroups,
  anyOperation,
  everybody,
  send,
  type Operation,
  type Request
} from './operations.ts'

/** Another run than the usual one: MODEL_SEED=… MODEL_RUNS=… npx tap test/model/journal.test.ts */
const seed = Number(process.env['MODEL_SEED'] ?? 4)
const numRuns = Number(process.env['MODEL_RUNS'] ?? 1_000)

/** On a busy machine fewer runs must do; a failure is one whenever it comes. */
const limitMs = 60_000

t.setTimeout(300_000)

/** Requests that are sent together, what time has passed before, and whether the process survives. */
interface Step {
  readonly wait: number
  /** Whether the bridge's own work may end before the requests come. */
  readonly isRested: boolean
  readonly operations: readonly Operation[]
  /** Dies at the point that so many others come before. */
  readonly dies: number | undefined
}

const step: Arbitrary<Step> = record({
  wait: constantFrom(0, 0, 2_000, 35_000, 400_000),
  isRested: boolean(),
  operations: array(anyOperation, { minLength: 1, maxLength: 4 }),
  dies: option(nat(25), { nil: undefined, freq: 2 })
})

const callFate: Arbitrary<CallFate> = oneof(
  { weight: 10, arbitrary: constant('fine' as const) },
  {
    weight: 7,
    arbitrary: constantFrom<CallFate>('before', 'after', 'after', 'not-sent', 'rate-limited')
  }
)

const script = record({
  calls: array(callFate, { maxLength: 60 }),
  turns: array(nat(3), { maxLength: 60 }),
  pauses: array(nat(6), { maxLength: 120 })
})

const alone = (...operations: readonly Operation[]): Step => {
  return { wait: 0, isRested: false, operations, dies: undefined }
}
const provision = [0, 1].map((person) => ({ kind: 'provision', person }) as const)
const members = { group: 0, members: [0] } as const

/** What once went wrong. */
const cases: Readonly<Record<string, readonly Step[]>> = {
  'a removal is contradicted between its decision and its sending': [
    alone(...provision, { kind: 'provision-group', group: 0 }),
    alone({ kind: 'add', ...members }),
    alone({ kind: 'remove', ...members }, { kind: 'set', ...members })
  ],
  'the process dies before a new login is taken': [
    alone(...provision),
    { ...alone({ kind: 'rename', person: 0, value: 0 }), dies: 5 }
  ],
  'the process dies before the old login is removed': [
    alone(...provision),
    { ...alone({ kind: 'rename', person: 0, value: 0 }), dies: 11 }
  ]
}

for (const [name, steps] of Object.entries(cases)) {
  t.test(name, (t) => t.resolves(live({ calls: [], turns: [], pauses: [] }, steps)))
}

t.test('whatever goes wrong, Box ends as it was meant', (t) => holds(t, [], step, numRuns))

t.test('changes of one membership beside each other end as one of them said', (t) => {
  const change = record({
    kind: constantFrom('add' as const, 'remove' as const, 'set' as const),
    group: constant(0),
    members: constant([0])
  })
  const race = record({
    wait: constantFrom(0, 35_000),
    isRested: boolean(),
    operations: array(change, { minLength: 2, maxLength: 5 }),
    dies: option(nat(25), { nil: undefined, freq: 8 })
  })
  const begun = [alone(...provision, { kind: 'provision-group', group: 0 })]
  return holds(t, begun, race, Math.ceil(numRuns / 5))
})

async function holds(
  t: Test,
  begun: readonly Step[],
  next: Arbitrary<Step>,
  numRuns: number
): Promise<void> {
  t.comment(`MODEL_SEED=${seed}`)
  let runs = 0
  const steps = array(next, { minLength: 1, maxLength: 8 })
  const property = asyncProperty(script, steps, async (fates, steps) => {
    runs += 1
    await live(fates, [...begun, ...steps])
  })
  const limits = { interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false }
  await assert(property, { seed, numRuns, ...limits })
  t.comment(`${runs} runs`)
  t.ok(runs > 0)
}

async function live(fates: FateScript, steps: readonly Step[]): Promise<void> {
  const bridge = await createModelBridge(fates)
  try {
    await liveThrough(bridge, steps)
  } finally {
    await bridge.close()
  }
}

async function liveThrough(bridge: ModelBridge, steps: readonly Step[]): Promise<void> {
  const intent = new Intent()
  for (const one of steps) intent.absorb(await take(bridge, one))
  bridge.fate.relent()
  await settle(bridge)
  await assertIntended(bridge, intent, 'by itself')
  intent.absorb(await repair(bridge))
  await settle(bridge)
  await assertIntended(bridge, intent, 'after a retry')
}

async function take(bridge: ModelBridge, { wait, isRested, operations, dies }: Step) {
  bridge.advance(wait)
  if (isRested) await bridge.rest()
  bridge.fate.dieAfter(dies)
  const requests = (
    await Promise.all(compatible(operations).map((operation) => send(bridge, operation)))
  ).filter((request) => request !== undefined)
  const ended = await Promise.race([
    Promise.all(requests.map((request) => endOf(bridge, request))),
    stuck(bridge)
  ])
  if (bridge.fate.isDead) bridge.restart()
  else bridge.fate.dieAfter(undefined)
  return ended
}

/** Fails where requests and the bridge rest, and yet the requests have not ended. */
async function stuck(bridge: ModelBridge): Promise<never> {
  await bridge.rest()
  await bridge.rest()
  // Death ends them.
  if (bridge.fate.isDead) return new Promise(() => {})
  throw new Error('A request waits for what never comes')
}

async function endOf(bridge: ModelBridge, request: Request): Promise<Ended> {
  const death = bridge.fate.death.then(() => 'no answer' as const)
  return { ...request, ending: await Promise.race([request.ending, death]) }
}

/** What makes or ends a person or a group is not sent beside anything else about them. */
function compatible(operations: readonly Operation[]): readonly Operation[] {
  const chosen: Operation[] = []
  for (const operation of operations) {
    if (chosen.every((other) => !isAtOdds(operation, other) && !isAtOdds(other, operation))) {
      chosen.push(operation)
    }
  }
  return chosen
}

function isAtOdds(maker: Operation, other: Operation): boolean {
  if (maker.kind === 'provision' || maker.kind === 'delete') {
    return 'person' in other ? other.person === maker.person : 'members' in other
  }
  if (maker.kind === 'provision-group' || maker.kind === 'delete-group') {
    return 'group' in other && other.group === maker.group
  }
  return false
}

/** Lets the bridge do what it does by itself. */
async function settle(bridge: ModelBridge): Promise<void> {
  await bridge.rest()
  for (let minutes = 0; (await bridge.openEntries()) > 0; minutes += 1) {
    if (minutes > 30) throw new Error('The journal does not become empty')
    bridge.advance(60_000)
    await bridge.rest()
  }
}

async function assertIntended(bridge: ModelBridge, intent: Intent, when: string): Promise<void> {
  const { facts, problems } = await observe(bridge)
  const wrong = intent.names
    .filter((name) => !intent.valuesOf(name).includes(valueOf(facts, name)))
    .map(
      (name) =>
        `${name}: ${String(valueOf(facts, name))}, not ${intent.valuesOf(name).join(' or ')}`
    )
  const all = [...wrong, ...problems]
  if (all.length > 0) throw new Error(`${when}: ${all.join('; ')}`)
}

/** Of what is not there, everything that is not so is true. */
function valueOf(facts: ReadonlyMap<string, unknown>, name: string): unknown {
  if (facts.has(name)) return facts.get(name)
  return /^(?:member|hidden|deleted)/.test(name) ? false : undefined
}

/** An identity provider that sends everything once more ends with everything acknowledged. */
async function repair(bridge: ModelBridge): Promise<readonly Ended[]> {
  const ended: Ended[] = []
  const retry = async (operation: Operation) => {
    const request = await send(bridge, operation)
    if (request === undefined) return
    const ending = await request.ending
    if (ending !== 'acknowledged') throw new Error(`${JSON.stringify(operation)}: ${ending}`)
    ended.push({ ...request, ending })
  }
  for (const person of everybody) {
    await retry({ kind: 'provision', person })
    await retry({ kind: 'rename', person, value: 9 })
  }
  for (const group of allGroups) {
    await retry({ kind: 'provision-group', group })
    await retry({ kind: 'rename-group', group, value: 9 })
    await retry({ kind: 'set', group, members: everybody })
  }
  return ended
}
