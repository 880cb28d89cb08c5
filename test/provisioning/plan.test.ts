import t from 'tap'
import { boxUserUrn } from '../../src/provisioning/mapping/urns.ts'
import type { ScimDocument, UserRecord } from '../../src/provisioning/model.ts'
import { planUser } from '../../src/provisioning/plan/user-plan.ts'
import { changeUser } from '../../src/provisioning/records.ts'
import { boxUser, defaultSettings, now, userRecord } from './fixtures.ts'

const current = { isCurrent: () => true }
const late = { isCurrent: () => false }

/** The plan for changing these attributes of what is shown; null removes one. */
function plan(record: UserRecord, change: Readonly<Record<string, unknown>>, mirror = current) {
  const deactivates = change['active'] === false
  const next = { ...record.resource, ...change }
  const entries = Object.entries(next).filter(([, value]) => value !== null)
  return planUser(record, Object.fromEntries(entries) as ScimDocument, {
    settings: defaultSettings,
    mirror,
    deactivates,
    accessInDoubt: false
  })
}

t.test('no change costs nothing', async (t) => {
  const shadow = { userName: 'Jane@Example.com', displayName: 'Jane Doe' }
  const { deactivation, operations } = plan(userRecord({ linked: true, shadow }), {})
  t.equal(deactivation, undefined)
  t.same(operations, [])
})

t.test('one update for any number of attributes, one deactivation of its own', async (t) => {
  const record = userRecord({ linked: true })
  const { deactivation, operations } = plan(record, {
    title: 'Boss',
    displayName: 'J',
    active: false
  })
  t.match(deactivation, {
    kind: 'deactivate-user',
    userId: '101',
    status: 'inactive',
    tombstone: false
  })
  t.same(operations, [
    { kind: 'update-user', userId: '101', fields: { name: 'J', jobTitle: 'Boss' } }
  ])
})

t.test(
  'removals are sent even if the mirror says they are done, while it may be late',
  async (t) => {
    const record = userRecord({ snapshot: boxUser({ status: 'inactive' }) })
    t.equal(plan(record, { active: false }).deactivation, undefined)
    t.match(plan(record, { active: false }, late).deactivation, { kind: 'deactivate-user' })
    t.equal(plan(record, { title: 'T' }, late).deactivation, undefined, 'not asked for')
  }
)

t.test('reactivation travels with the update', async (t) => {
  const record = userRecord({ snapshot: boxUser({ status: 'inactive' }) })
  t.same(plan(record, { active: true, title: 'T' }).operations, [
    { kind: 'update-user', userId: '101', fields: { jobTitle: 'T', status: 'active' } }
  ])
})

t.test('a status that a person chose in Box survives an unrelated update', async (t) => {
  const record = userRecord({ snapshot: boxUser({ status: 'cannot_delete_edit' }) })
  t.same(plan(record, { title: 'T', active: true }).operations, [
    { kind: 'update-user', userId: '101', fields: { jobTitle: 'T' } }
  ])
})

t.test('an attribute that was changed in Box is not restored by an unrelated update', async (t) => {
  const shadow = { title: 'Engineer', userName: 'jane@example.com' }
  const record = userRecord({ linked: true, shadow, snapshot: boxUser({ jobTitle: 'Boss' }) })
  t.equal(record.resource['title'], 'Boss')
  t.same(plan(record, { nickName: 'J' }).operations, [])
  t.match(plan(record, { title: 'Engineer' }).operations, [{ fields: { jobTitle: 'Engineer' } }])
})

t.test('clearing', async (t) => {
  const shadow = { userName: 'jane@example.com', title: 'T', displayName: 'Jane Doe' }
  const record = userRecord({ linked: true, shadow, snapshot: boxUser({ jobTitle: 'T' }) })
  const { operations, shadow: next } = plan(record, { title: null })
  t.same(operations, [{ kind: 'update-user', userId: '101', fields: { jobTitle: '' } }])
  t.same(next, { userName: 'jane@example.com', displayName: 'Jane Doe' })
  t.same(plan(record, { displayName: null }).operations, [], 'Box always has a name')
})

t.test('a change of the login: alias, login with the other fields, old alias', async (t) => {
  const record = userRecord({ linked: true, shadow: { userName: 'jane@example.com' } })
  const change = { userName: 'janet@example.com', title: 'T' }
  t.same(plan(record, change).operations, [
    { kind: 'add-alias', userId: '101', email: 'janet@example.com' },
    { kind: 'update-user', userId: '101', fields: { login: 'janet@example.com', jobTitle: 'T' } },
    { kind: 'remove-alias', userId: '101', email: 'jane@example.com' }
  ])
  t.same(plan(record, { userName: 'JANE@example.com' }).operations, [], 'only the case differs')
  t.same(plan(record, { userName: 'jane' }).operations, [], 'no address: the login stays')
  const half = changeUser(record, { aliases: ['janet@example.com'] }, defaultSettings, now)
  t.same(
    plan(half, { userName: 'janet@example.com' }).operations.map(({ kind }) => kind),
    ['update-user', 'remove-alias'],
    'an alias that is there already is not added again'
  )
  const done = changeUser(
    record,
    { snapshot: boxUser({ login: 'janet@example.com' }), aliases: ['jane@example.com'] },
    defaultSettings,
    now
  )
  t.same(plan(done, { nickName: 'J' }).operations, [
    { kind: 'remove-alias', userId: '101', email: 'jane@example.com' }
  ])
})

t.test('the external id is written only where this app created the user', async (t) => {
  const change = { externalId: 'e-1' }
  t.same(plan(userRecord({ linked: true }), change).operations, [])
  t.match(plan(userRecord({ linked: true, createdByBridge: true }), change).operations, [
    { fields: { externalAppUserId: 'e-1' } }
  ])
})

/** Tracking codes from texts like `Name=Value`. */
const codes = (list: readonly string[]) =>
  list.map((text) => ({ name: text.split('=')[0] ?? '', value: text.split('=')[1] ?? '' }))

t.test('tracking codes: only those that change are named', async (t) => {
  const own = (list: readonly string[]) => ({ [boxUserUrn]: { trackingCodes: codes(list) } })
  const sent = ({ operations }: ReturnType<typeof plan>) =>
    operations.flatMap((it) => (it.kind === 'update-user' ? (it.fields.trackingCodes ?? []) : []))
  const record = userRecord({ snapshot: boxUser({ trackingCodes: codes(['Site=Oslo', 'A=1']) }) })
  t.same(sent(plan(record, own(['Site=Oslo', 'A=1']))), [], 'an echo changes nothing')
  t.same(sent(plan(record, own(['Cost=7']))), codes(['Cost=7']))
  t.same(sent(plan(record, own(['Site=Oslo', 'A=2', 'Cost=7']))), codes(['A=2', 'Cost=7']))
  t.same(sent(plan(record, own(['A=']))), codes(['A=']), 'one without a value is taken away')
  const linked = userRecord({
    linked: true,
    shadow: own(['A=1']),
    snapshot: boxUser({ trackingCodes: codes(['Site=Oslo', 'A=1']) })
  })
  t.same(sent(plan(linked, own(['A=1', 'Cost=7']))), codes(['Cost=7']), 'beside one that is there')
  t.same(sent(plan(linked, { [boxUserUrn]: null })), [], 'the Box extension is not cleared')
  const changed = userRecord({
    linked: true,
    shadow: own(['A=1']),
    snapshot: boxUser({ trackingCodes: codes(['A=2']) })
  })
  t.same(sent(plan(changed, { title: 'T' })), [], 'a change made in Box survives')
  t.same(sent(plan(changed, own(['A=1']))), codes(['A=1']), 'unless it is asked for')
})

t.test("the owner's role cannot be provisioned", async (t) => {
  const record = userRecord()
  t.throws(() => plan(record, { roles: [{ value: 'admin' }] }), { code: 'role_not_allowed' })
  const owner = userRecord({ snapshot: boxUser({ role: 'admin' }) })
  t.same(plan(owner, {}).operations, [], 'the echo of the role is no change')
})

t.test('the revision moves only with what SCIM shows', async (t) => {
  const record = userRecord({ linked: true })
  const same = changeUser(
    record,
    { snapshot: boxUser({ spaceUsed: 5, avatarUrl: 'x' }) },
    defaultSettings,
    now + 1
  )
  t.equal(same.revision, record.revision)
  const renamed = changeUser(record, { snapshot: boxUser({ name: 'J' }) }, defaultSettings, now + 1)
  t.equal(renamed.revision, record.revision + 1)
  t.equal(renamed.lastModified, now + 1)
})
