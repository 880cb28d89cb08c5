import t from 'tap'
import { showAgain } from '../../src/background/show-again.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { compileMapping } from '../../src/provisioning/mapping/mapping.ts'
import type { BoxUserId } from '../../src/provisioning/model.ts'
import { newGroup, newUser } from '../../src/provisioning/records.ts'
import { openDirectory } from '../../src/store/open.ts'
import { boxGroup, boxUser, defaultSettings, now } from '../provisioning/fixtures.ts'

t.test('another mapping: what SCIM shows is worked out again, once', async (t) => {
  const log = { info() {}, warn() {}, error() {}, debug() {} }
  const identity = { boxHost: 'box.example.com', enterpriseId: '1' }
  const clock = systemClock
  const directory = await openDirectory({ url: 'file::memory:', identity, clock, log })
  t.teardown(() => directory.close())
  const people = Array.from({ length: 501 }, (_, n) =>
    boxUser({ id: String(n + 1) as BoxUserId, login: `p${n}@example.com`, jobTitle: 'Boss' })
  )
  await directory.transaction(async (tx) => {
    for (const snapshot of people) await tx.putUser(newUser(snapshot, {}, defaultSettings, now))
    await tx.putGroup(newGroup(boxGroup({ name: 'IdP Sales' }), {}, defaultSettings, now))
  })
  await showAgain({ directory, clock, log, settings: defaultSettings })
  const last = people.at(-1)?.id ?? ('' as BoxUserId)
  t.match((await directory.users.get(last))?.revision, 1, 'the first mapping is the one in use')

  const content = {
    user: { jobTitle: { from: 'userType', shows: ['userType'] } },
    group: { name: { from: 'displayName', prefix: 'IdP ', shows: ['displayName'] } }
  }
  const options = { loginDomain: undefined, allowCoadmin: false }
  const mapping = compileMapping({ name: 'mapping.json', content }, options)
  for (const _ of ['first', 'again']) {
    await showAgain({ directory, clock, log, settings: { ...defaultSettings, mapping } })
    const shown = await directory.users.get(last)
    t.match(shown, { revision: 2, resource: { userType: 'Boss' } })
    t.notOk(Object.hasOwn(shown?.resource ?? {}, 'title'))
    t.equal((await directory.groups.get(boxGroup().id))?.resource['displayName'], 'Sales')
  }
})
