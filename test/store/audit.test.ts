import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Test } from 'tap'
import type { AuditEntry } from '../../src/provisioning/audit.ts'
import type { AuditValues } from '../../src/provisioning/audit-values.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { openDirectory } from '../../src/store/open.ts'
import { userId } from '../contract/directory-records.ts'

const clock = { now: () => 1_234, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }

/** A directory on a file, and another connection to the file. */
async function openAudit(t: Test, auditValues: AuditValues = 'ids') {
  const path = join(t.testdir(), 'bridge.db')
  const log = { info() {}, warn() {}, error() {}, debug() {} }
  const directory = await openDirectory({
    url: `file:${path}`,
    identity,
    clock,
    log,
    auditValues
  })
  t.teardown(() => directory.close())
  const sqlite = new DatabaseSync(path)
  t.teardown(() => sqlite.close())
  return { directory, sqlite }
}

const entry = (at: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  at,
  correlationId: 'c-1',
  actor: 'entra',
  action: 'user.patch',
  target: 'user:1',
  plan: [],
  calls: [],
  outcome: 'done',
  notes: [],
  ...more
})

async function append(directory: Directory, ...entries: readonly AuditEntry[]): Promise<void> {
  await directory.transaction(async (tx) => {
    for (const one of entries) await tx.audit(one)
  })
}

const whole = entry(77, {
  asked: {
    method: 'PATCH',
    route: '/scim/v2/Users/:id',
    via: 'oidc https://login.example.com',
    source: '192.0.2.1',
    attributes: () => [
      { name: 'userName', value: 'ann@example.com' },
      { name: 'title', value: 'Boss' },
      { name: 'phoneNumbers', value: [{ value: '+1 555', password: 'p' }] },
      { name: 'password', value: 'p' },
      { name: 'a b\n' }
    ]
  },
  plan: [
    {
      kind: 'update-user',
      userId: userId(1),
      fields: { login: 'ann@example.com', jobTitle: 'Boss' }
    },
    { kind: 'add-alias', userId: userId(1), email: 'a@example.com' }
  ],
  calls: [{ operation: 'PUT /users/:id', status: 0, code: '', requestId: '' }],
  notes: ['n']
})

t.test('the audit holds what it was given: names, and the values that say who it is', async (t) => {
  const { directory } = await openAudit(t)
  await append(directory, whole)
  t.strictSame(await directory.history.list({ afterId: 0, limit: 10 }), [
    {
      ...entry(77),
      id: 1,
      asked: {
        method: 'PATCH',
        route: '/scim/v2/Users/:id',
        via: 'oidc https://login.example.com',
        source: '192.0.2.1',
        attributes: ['userName', 'title', 'phoneNumbers', 'password', '(unreadable)'],
        values: { userName: 'ann@example.com' },
        requests: 1
      },
      plan: [
        {
          kind: 'update-user',
          userId: '1',
          fields: ['login', 'jobTitle'],
          values: { login: 'ann@example.com' }
        },
        { kind: 'add-alias', userId: '1', email: 'a@example.com' }
      ],
      calls: whole.calls,
      notes: ['n']
    }
  ])
})

t.test('with AUDIT_VALUES=all it holds every value but passwords', async (t) => {
  const { directory } = await openAudit(t, 'all')
  await append(directory, whole)
  const [kept] = await directory.history.list({ afterId: 0, limit: 10 })
  t.strictSame(kept?.asked?.values, {
    userName: 'ann@example.com',
    title: 'Boss',
    phoneNumbers: [{ value: '+1 555' }]
  })
  t.strictSame(kept?.plan[0]?.values, { login: 'ann@example.com', jobTitle: 'Boss' })
})

t.test('pages, times and mentions', async (t) => {
  const { directory } = await openAudit(t)
  const other = entry(20, { target: 'user:Bo@example.com', correlationId: 'c-2' })
  await append(directory, entry(10), other, entry(30), whole)
  const ids = async (request: object) =>
    (await directory.history.list({ afterId: 0, limit: 10, ...request })).map(({ id }) => id)
  t.strictSame(await ids({ limit: 2 }), [1, 2])
  t.strictSame(await ids({ afterId: 2, limit: 2 }), [3, 4])
  t.strictSame(await ids({ since: 20, until: 77 }), [2, 3])
  t.strictSame(await ids({ mentions: ['bo@EXAMPLE.com'] }), [2], 'in the target, in any case')
  t.strictSame(await ids({ mentions: ['a@example.com'] }), [4], 'in the plan')
  t.strictSame(await ids({ mentions: ['c-2', 'user:1'] }), [1, 2, 3, 4])
  t.strictSame(await ids({ mentions: [] }), [])
})

t.test('nothing that does not mean it changes what was written', async (t) => {
  const { directory, sqlite } = await openAudit(t)
  await append(directory, entry(10), entry(20), entry(30))
  const refused = /the audit is append-only/
  t.throws(() => sqlite.exec("update audit set outcome = 'done'"), refused)
  t.throws(() => sqlite.exec('delete from audit'), refused)
  t.throws(() => sqlite.exec('delete from audit where id = 2'), refused)
  t.throws(() => sqlite.exec('replace into audit select * from audit where id = 1'), refused)
  const erased = { target: 'user:erased', asked: undefined, plan: [], notes: ['erased'] }
  await directory.transaction((tx) => tx.eraseFromAudit(2, erased))
  t.throws(() => sqlite.exec("update audit set target = 'x' where id = 2"), refused, 'nor later')
  t.equal(await directory.transaction((tx) => tx.pruneAudit(20, 10)), 1)
  t.throws(() => sqlite.exec('delete from audit where id = 2'), refused)
  t.strictSame(
    (await directory.history.list({ afterId: 0, limit: 10 })).map(({ id, target }) => [id, target]),
    [
      [2, 'user:erased'],
      [3, 'user:1']
    ]
  )
})

t.test('a permit is for what it says', async (t) => {
  const { directory, sqlite } = await openAudit(t)
  await append(directory, entry(10), entry(20))
  sqlite.exec("begin; insert into audit_permits values ('erase', 1)")
  const refused = /the audit is append-only/
  t.throws(() => sqlite.exec("update audit set target = 'x' where id = 2"), refused)
  t.throws(() => sqlite.exec("update audit set outcome = 'x' where id = 1"), refused)
  t.throws(() => sqlite.exec('delete from audit where id = 1'), refused)
  sqlite.exec("update audit set target = 'x' where id = 1; rollback")
  t.equal((await directory.history.list({ afterId: 0, limit: 1 }))[0]?.target, 'user:1')
})

t.test('old entries go in portions, the oldest first', async (t) => {
  const { directory } = await openAudit(t)
  await append(directory, ...[10, 20, 30, 40, 50].map((at) => entry(at)))
  const prune = () => directory.transaction((tx) => tx.pruneAudit(40, 2))
  t.equal(await prune(), 2)
  t.equal(await prune(), 1)
  t.equal(await prune(), 0)
  const left = await directory.history.list({ afterId: 0, limit: 10 })
  t.strictSame(
    left.map(({ at }) => at),
    [40, 50]
  )
})
