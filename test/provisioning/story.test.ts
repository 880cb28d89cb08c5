import t from 'tap'
import type { AuditRecord } from '../../src/provisioning/audit.ts'
import { groupStory, userStory } from '../../src/provisioning/explain/subject.ts'
import { tellStory, type StoryFacts } from '../../src/provisioning/explain/story.ts'
import type { BoxUserId } from '../../src/provisioning/model.ts'
import type { JournalEntry } from '../../src/provisioning/operations.ts'
import { groupId, newEntry, userId } from '../contract/directory-records.ts'

const noon = Date.UTC(2026, 0, 1, 12)
const minute = 60_000

const ann = userStory({ id: '1', names: ['ann@example.com'] })
const team = groupStory({ id: '9', names: ['Team'] })

const entry = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  id: 1,
  at: noon,
  correlationId: 'c-1',
  actor: 'entra',
  action: 'user.patch',
  target: 'user:1',
  asked: undefined,
  plan: [],
  calls: [],
  outcome: 'done',
  notes: [],
  ...more
})

const tell = (facts: Partial<StoryFacts>) =>
  tellStory({
    subject: ann,
    state: '',
    entries: [],
    open: [],
    invites: [],
    names: new Map([['user:1', 'ann@example.com']]),
    now: noon,
    ...facts
  })

const open = (changes: Partial<JournalEntry>): JournalEntry => ({
  ...newEntry('user:1', { decidedAt: noon - minute, notBefore: noon }),
  operation: { kind: 'update-user', userId: userId(1), fields: { jobTitle: 'Boss' } },
  id: 1,
  attempts: 0,
  outcome: undefined,
  ...changes
})

t.test('what is pending is told as it is', async (t) => {
  const removal = {
    kind: 'deactivate-user',
    userId: userId(1),
    status: 'inactive',
    tombstone: true
  } as const
  const leaving = { kind: 'delete-user', userId: userId(1), refusals: 2 } as const
  const sentAt = noon - 1000
  const { pending } = tell({
    open: [
      open({}),
      open({ state: 'sent', sentAt }),
      open({ state: 'unknown', sentAt, notBefore: noon + minute }),
      open({ operation: removal, attempts: 3, outcome: 'unavailable', notBefore: noon + minute }),
      open({ operation: leaving, attempts: 1, outcome: '400 x y' })
    ]
  })
  t.strictSame(pending, [
    "change user 1 (ann@example.com) in Box: jobTitle: decided at 2026-01-01T11:59:00.000Z; left to the identity provider's retry",
    'change user 1 (ann@example.com) in Box: jobTitle: sent at 2026-01-01T11:59:59.000Z, and not answered yet',
    'change user 1 (ann@example.com) in Box: jobTitle: sent at 2026-01-01T11:59:59.000Z, and what became of it is not known: the bridge looks at 2026-01-01T12:01:00.000Z',
    'set user 1 (ann@example.com) to inactive in Box and hide the person in SCIM: decided at 2026-01-01T11:59:00.000Z, failed so far (unavailable) after 3 attempts; the bridge tries again at 2026-01-01T12:01:00.000Z',
    'delete the Box account of user 1 (ann@example.com): decided at 2026-01-01T11:59:00.000Z, failed so far (400 x y) after 1 attempt; the bridge tries again now'
  ])
})

t.test('a request that was written down twice is told once, with all of it', async (t) => {
  const call = { operation: 'PUT /users/:id', status: 200, code: '', requestId: 'r' }
  const first = entry({ calls: [call], plan: [{ kind: 'deactivate-user', userId: '1' }] })
  const rest = entry({ ...first, id: 2, outcome: 'deactivated_only', notes: ['the rest'] })
  const other = entry({ id: 3, correlationId: 'c-2' })
  const { events } = tell({ entries: [first, rest, other] })
  t.match(events, [
    { result: /^the person was deactivated/, notes: ['the rest'], correlationId: 'c-1' },
    { correlationId: 'c-2', result: 'done' }
  ])
  t.equal(events.length, 2)
  const own = { actor: 'bridge', action: 'bridge.delete-user', outcome: 'refused_by_box' }
  t.equal(tell({ entries: [entry(own), entry({ ...own, id: 2 })] }).events.length, 2)
})

t.test('a large group is counted, not listed', async (t) => {
  const plan = Array.from({ length: 1_000 }, (_, n) => ({
    kind: 'add-membership' as const,
    userId: String(n),
    groupId: '9'
  }))
  const calls = plan.map((_, n) => ({
    operation: 'POST /group_memberships',
    status: 201,
    code: '',
    requestId: `r${n}`
  }))
  const facts = { entries: [entry({ action: 'group.patch', target: 'group:9', plan, calls })] }
  const [event] = tell({ ...facts, subject: team }).events
  t.equal(event?.decided.length, 6)
  t.equal(event?.decided.at(-1), '995 more: add-membership, for further ones')
  t.strictSame(event?.box, [
    'POST /group_memberships was answered 201 (request id r0, r1, r2, r3, r4 and 995 more)'
  ])
  t.strictSame(tell(facts).events[0]?.decided, [
    'put user 1 (ann@example.com) into group 9',
    'operations about others: 999'
  ])
})

t.test('only the newest events are told', async (t) => {
  const entries = Array.from({ length: 203 }, (_, n) => entry({ id: n, correlationId: `c-${n}` }))
  const { earlier, events } = tell({ entries })
  t.equal(earlier, 3)
  t.equal(events.at(-1)?.correlationId, 'c-202')
})

t.test('entries of other versions are shown as they are', async (t) => {
  const [event] = tell({ entries: [entry({ action: 'user.juggle', outcome: 'dropped' })] }).events
  t.match(event, { asked: 'entra asked to user.juggle (user:1)', result: 'dropped' })
})

t.test('a person and a group with one number are told apart', async (t) => {
  const person = userStory({ id: '9', names: [] })
  const membership = entry({ target: 'membership:9/1' })
  t.equal(team.isIn(membership), true)
  t.equal(person.isIn(membership), false)
  t.equal(ann.isIn(membership), true)
  t.equal(person.isIn(entry({ target: 'group:9' })), false)
  t.equal(person.isIn(entry({ plan: [{ kind: 'sweep-group', groupId: '9' }] })), false)
  const waiting = open({
    subject: 'membership:9/1',
    operation: { kind: 'add-membership', userId: '1' as BoxUserId, groupId: groupId(9) }
  })
  t.strictSame(
    [team, person, ann].map(({ awaits }) => awaits(waiting)),
    [true, false, true]
  )
})
