import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { person, scimClient } from '../helpers/scim-client.ts'

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })

t.test('25 concurrent writes about different people are all kept', async (t) => {
  const names = ['update', 'leave', 'rename', 'delete'].flatMap((kind) =>
    Array.from({ length: 5 }, (_, index) => `${kind}${index}`)
  )
  const users = names.map((name) => ({ login: `${name}@example.com`, name }))
  const bridge = await startBridge(t, { seed: { users } })
  const { emulator } = bridge
  const scim = scimClient(bridge)
  const before = emulator.state().users
  const path = (name: string) => `/Users/${before[`${name}@example.com`]?.id}`

  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, index) => [
      scim.post('/Users', person(`new${index}@example.com`)),
      scim.patch(path(`update${index}`), replace('title', `Title ${index}`)),
      scim.patch(path(`leave${index}`), replace('active', false)),
      scim.patch(path(`rename${index}`), replace('userName', `renamed${index}@example.com`)),
      scim.delete(path(`delete${index}`))
    ]).flat()
  )
  const expected = Array.from({ length: 5 }, () => [201, 200, 200, 200, 204]).flat()
  t.same(
    answers.map(({ status }) => status),
    expected
  )

  const after = emulator.state().users
  t.equal(Object.keys(after).length, 1 + 25)
  for (let index = 0; index < 5; index++) {
    t.match(after[`new${index}@example.com`], { status: 'active' })
    t.match(after[`update${index}@example.com`], { job_title: `Title ${index}` })
    t.match(after[`leave${index}@example.com`], { status: 'inactive' })
    t.match(after[`delete${index}@example.com`], { status: 'inactive' })
    const id = before[`rename${index}@example.com`]?.id
    t.match(after[`renamed${index}@example.com`], { id, aliases: [] })
    t.match(await scim.get(path(`update${index}`)), { body: { title: `Title ${index}` } })
    t.match(await scim.get(path(`leave${index}`)), { body: { active: false } })
    t.equal((await scim.get(path(`delete${index}`))).status, 404)
  }
})

t.test('20 concurrent PATCHes of one person each keep what they set', async (t) => {
  const bridge = await startBridge(t)
  const { emulator } = bridge
  const scim = scimClient(bridge)
  const { body } = await scim.post('/Users', person('ann@example.com'))
  const path = `/Users/${String(body['id'])}`
  // Attributes of no schema, which Box never sees, beside one that each of them sends to Box.
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      scim.patch(path, replace(`custom${index}`, `value ${index}`), replace('title', `T${index}`))
    )
  )
  t.ok(answers.every(({ status }) => status === 200))
  const { body: shown } = await scim.get(path)
  for (let index = 0; index < 20; index++) t.equal(shown[`custom${index}`], `value ${index}`)
  t.equal(emulator.state().users['ann@example.com']?.job_title, shown['title'])
})
