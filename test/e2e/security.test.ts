import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { runCommand } from '../helpers/run-command.ts'
import { person, scimClient } from '../helpers/scim-client.ts'

const boxUser = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'

t.test('no address in a resource is ever connected to', async (t) => {
  let connections = 0
  const lure = createServer((socket) => {
    connections += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  t.teardown(() => lure.close())
  await once(lure, 'listening')
  const url = `http://127.0.0.1:${(lure.address() as AddressInfo).port}/jwks.json`
  const scim = scimClient(await startBridge(t))

  const photos = [{ value: url, type: 'photo' }]
  const links = { profileUrl: url, photos, ims: [{ value: url }], externalId: url }
  const created = await scim.post(
    '/Users',
    person('ann@example.com', { ...links, [boxUser]: { avatarUrl: url, hostname: url } })
  )
  t.equal(created.status, 201)
  const id = String(created.body['id'])
  const group = { displayName: url, externalId: url, members: [{ value: id, $ref: url }] }
  t.equal((await scim.post('/Groups', group)).status, 201)
  t.match(await scim.patch(`/Users/${id}`, { op: 'replace', value: { ...links, title: url } }), {
    status: 200,
    body: { profileUrl: url, title: url }
  })
  const filter = encodeURIComponent(`profileUrl eq "${url}"`)
  t.match(await scim.get(`/Users?filter=${filter}`), { body: { totalResults: 1 } })
  t.equal(connections, 0)
})

const asRoles = (value: string) => ({ roles: [{ value, primary: true }] })
const asBox = (role: string) => ({ [boxUser]: { role } })

t.test('a role from the identity provider makes nobody an admin', async (t) => {
  const bridge = await startBridge(t)
  const scim = scimClient(bridge)
  const roleOf = (name: string) => bridge.emulator.state().users[`${name}@example.com`]?.role
  for (const [index, attributes] of [
    asRoles('coadmin'),
    asRoles('admin'),
    asRoles('Co-Admin'),
    asBox('coadmin'),
    asBox('admin')
  ].entries()) {
    const name = `made${index}`
    await scim.post('/Users', person(`${name}@example.com`, attributes))
    t.not(roleOf(name), 'coadmin', JSON.stringify(attributes))
    t.not(roleOf(name), 'admin')
    const later = `later${index}`
    const { body } = await scim.post('/Users', person(`${later}@example.com`))
    await scim.patch(`/Users/${String(body['id'])}`, { op: 'replace', value: attributes })
    await scim.put(`/Users/${String(body['id'])}`, person(`${later}@example.com`, attributes))
    t.equal(roleOf(later), 'user', `afterwards: ${JSON.stringify(attributes)}`)
  }
})

t.test('what a client sends does not steer the terminal of an operator', async (t) => {
  const DATABASE_URL = `file:${join(t.testdir(), 'bridge.db')}`
  const scim = scimClient(await startBridge(t, { env: { DATABASE_URL } }))
  const escape = '\u001B[2J\u009B31m'
  await scim.post('/Users', person(`${escape}\u202Eann@example.com`))
  await scim.post('/Groups', { displayName: `Team${escape}` })
  const { out } = await runCommand(['status'], { env: { DATABASE_URL } })
  t.match(out, /user\.create/, 'the requests are shown')
  t.notMatch(out.replaceAll('\n', ''), /\p{C}/u)
})
