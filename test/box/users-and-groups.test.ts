import t from 'tap'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxMembershipId, BoxUserId } from '../../src/provisioning/model.ts'
import { boxError, startBoxServer } from './support/box-server.ts'
import type { Answer, Arrived, BoxServer } from './support/box-server.ts'
import { createTestClient, rejection } from './support/client.ts'

const userId = '77777' as BoxUserId
const groupId = '119720' as BoxGroupId
const membershipId = '1560354' as BoxMembershipId

/** A user as Box shows it, in the words of its API, with what was seen in the wild. */
const rawUser = {
  type: 'user',
  id: '77777',
  name: 'Another Test User',
  login: 'anothertestuser@example.com',
  created_at: '2018-04-26T20:19:51-07:00',
  modified_at: '2018-04-26T20:19:52-07:00',
  language: 'en',
  timezone: 'America/Los_Angeles',
  space_amount: 1_000_000_000_000_000,
  space_used: 0,
  max_upload_size: 5_368_709_120,
  status: 'cannot_delete_edit',
  job_title: '',
  phone: 6_509_241_374,
  address: '',
  avatar_url: 'https://app.box.com/api/avatar/large/77777',
  notification_email: [],
  role: 'user',
  tracking_codes: [{ type: 'tracking_code', name: 'Cost centre', value: '42' }, { type: 'odd' }],
  is_sync_enabled: true,
  can_see_managed_users: true,
  is_external_collab_restricted: false,
  is_exempt_from_device_limits: false,
  is_exempt_from_login_verification: true,
  is_platform_access_only: false,
  external_app_user_id: null,
  hostname: 'https://app.box.com/',
  enterprise: { type: 'enterprise', id: '1234567', name: 'Example' },
  my_tags: ['vip', 7]
}

const user = {
  id: '77777',
  login: 'anothertestuser@example.com',
  name: 'Another Test User',
  status: 'cannot_delete_edit',
  role: 'user',
  language: 'en',
  timezone: 'America/Los_Angeles',
  spaceAmount: 1_000_000_000_000_000,
  spaceUsed: 0,
  maxUploadSize: 5_368_709_120,
  jobTitle: '',
  phone: '6509241374',
  address: '',
  createdAt: '2018-04-26T20:19:51-07:00',
  modifiedAt: '2018-04-26T20:19:52-07:00',
  avatarUrl: 'https://app.box.com/api/avatar/large/77777',
  notificationEmail: null,
  externalAppUserId: '',
  trackingCodes: [{ name: 'Cost centre', value: '42' }],
  isSyncEnabled: true,
  canSeeManagedUsers: true,
  isExternalCollabRestricted: false,
  isExemptFromDeviceLimits: false,
  isExemptFromLoginVerification: true,
  isPlatformAccessOnly: false,
  hostname: 'https://app.box.com/',
  enterpriseName: 'Example',
  myTags: ['vip']
}

const rawGroup = {
  type: 'group',
  id: '119720',
  name: 'Everyone',
  group_type: 'managed_group',
  created_at: '2014-09-15T13:15:35-07:00',
  modified_at: '2014-09-15T13:15:36-07:00',
  provenance: 'SCIM',
  external_sync_identifier: null,
  invitability_level: 'admins_only',
  member_viewability_level: 'admins_only'
}

const group = {
  id: '119720',
  name: 'Everyone',
  groupType: 'managed_group',
  externalSyncIdentifier: '',
  description: '',
  provenance: 'SCIM',
  invitabilityLevel: 'admins_only',
  memberViewabilityLevel: 'admins_only',
  createdAt: '2014-09-15T13:15:35-07:00',
  modifiedAt: '2014-09-15T13:15:36-07:00'
}

const rawMembership = {
  type: 'group_membership',
  id: '1560354',
  user: { type: 'user', id: '77777', name: 'Anna', login: 'anna@example.com' },
  group: { type: 'group', id: '119720', name: 'Everyone', group_type: 'managed_group' },
  role: 'member'
}

const membership = { id: '1560354', userId: '77777', groupId: '119720', role: 'member' }

const userFields =
  'id,name,login,status,role,language,timezone,space_amount,space_used,max_upload_size,job_title,' +
  'phone,address,created_at,modified_at,avatar_url,notification_email,external_app_user_id,' +
  'tracking_codes,is_sync_enabled,can_see_managed_users,is_external_collab_restricted,' +
  'is_exempt_from_device_limits,is_exempt_from_login_verification,is_platform_access_only,' +
  'hostname,enterprise,my_tags'

const groupFields =
  'id,name,group_type,external_sync_identifier,description,provenance,invitability_level,' +
  'member_viewability_level,created_at,modified_at'

const ok = (json: unknown, status = 200) => ({ status, json })

/** Box with these answers, one after the other, and a client on it. */
async function start(test: Parameters<typeof startBoxServer>[0], ...answers: readonly Answer[]) {
  const server = await startBoxServer(test)
  server.answer = (_request, index) => answers[index] ?? { status: 418 }
  return { server, ...createTestClient(test, server.url) }
}

/** The requests in the form `METHOD /path?query body`. */
const seen = (server: BoxServer): string[] => server.requests.map(line)

function line({ method, path, query, body }: Arrived): string {
  const named = new URLSearchParams(query)
  if (named.get('fields') === userFields) named.set('fields', 'USER')
  if (named.get('fields') === groupFields) named.set('fields', 'GROUP')
  const search = named.size === 0 ? '' : `?${named.toString()}`
  return `${method} ${path}${search}${body === '' ? '' : ` ${body}`}`
}

t.test('the own account', async (t) => {
  const { server, box, call } = await start(t, ok({ type: 'user', id: '1', login: 'a@b.c' }))
  t.same(await box.getOwnAccount(call()), { id: '1', login: 'a@b.c' })
  t.same(seen(server), ['GET /2.0/users/me?fields=id%2Clogin'])
  t.equal(server.requests[0]?.headers.authorization, 'Bearer token-1')
  t.equal(
    server.tokenRequests[0]?.body,
    'grant_type=client_credentials&client_id=app&client_secret=s3cr3t-of-the-app' +
      '&box_subject_type=enterprise&box_subject_id=1234567'
  )
})

t.test('reading a user with everything odd that Box sends', async (t) => {
  const missing = boxError(404, 'not_found', 'Not Found')
  const { server, box, call } = await start(t, ok(rawUser), missing, ok({ id: 5, login: null }))
  t.same(await box.getUser(userId, call()), user)
  t.equal(await box.getUser(userId, call()), undefined)
  t.match(await box.getUser(userId, call()), { id: '5', login: '', status: '', trackingCodes: [] })
  t.same(seen(server)[0], 'GET /2.0/users/77777?fields=USER')
})

t.test('a notification address that is set', async (t) => {
  const raw = { ...rawUser, notification_email: { email: 'n@example.com', is_confirmed: true } }
  const { box, call } = await start(t, ok(raw))
  t.equal((await box.getUser(userId, call()))?.notificationEmail, 'n@example.com')
})

t.test('finding a login among those that begin with it, page by page', async (t) => {
  const other = { ...rawUser, id: '1', login: 'o+1@example.community' }
  const { server, box, call } = await start(
    t,
    ok({ total_count: 1500, entries: [other], limit: 1000, offset: 0 }),
    ok({ total_count: 1500, entries: [{ ...rawUser, login: 'O+1@Example.com' }], limit: 1000 }),
    ok({ total_count: 1, entries: [other], limit: 1000, offset: 0 })
  )
  t.match(await box.findUserByLogin('o+1@example.COM', call()), { id: '77777' })
  t.equal(await box.findUserByLogin('o+1@example.com', call()), undefined)
  const query = 'filter_term=o%2B1%40example.COM&user_type=managed&fields=USER'
  t.same(seen(server).slice(0, 2), [
    `GET /2.0/users?${query}&offset=0&limit=1000`,
    `GET /2.0/users?${query}&offset=1000&limit=1000`
  ])
})

t.test('listing users by marker; an entry that cannot be read costs only itself', async (t) => {
  const odd = [{ ...rawUser, id: 12, role: 7, type: 'robot' }, { id: 'x' }, null]
  const { server, box, call, log } = await start(
    t,
    ok({ entries: [rawUser, ...odd], limit: 1000, next_marker: 'abc' }),
    ok({ entries: [], limit: 1000, next_marker: '' }),
    ok({ entries: [], limit: 1000, next_marker: null })
  )
  const page = await box.listUsers(undefined, call())
  t.same(page.users[0], user)
  t.same(
    page.users.map(({ id }) => id),
    ['77777', '12']
  )
  t.match(log.lines.join(), 'Left out users that cannot be read {"count":2}')
  t.equal(page.nextMarker, 'abc')
  t.equal((await box.listUsers('abc', call())).nextMarker, undefined)
  t.equal((await box.listUsers('abc', call())).nextMarker, undefined)
  t.same(seen(server).slice(0, 2), [
    'GET /2.0/users?user_type=managed&fields=USER&limit=1000&usemarker=true',
    'GET /2.0/users?user_type=managed&fields=USER&limit=1000&usemarker=true&marker=abc'
  ])
})

t.test('creating a user', async (t) => {
  const taken = boxError(409, 'user_login_already_used', 'User with the specified login exists')
  const { server, box, call } = await start(t, ok(rawUser, 201), taken)
  const fields = {
    login: 'anna@example.com',
    name: 'Anna',
    spaceAmount: -1,
    jobTitle: '',
    notificationEmail: 'n@example.com',
    trackingCodes: [{ name: 'Cost centre', value: '42' }],
    externalAppUserId: 'e-1'
  }
  t.same(await box.createUser(fields, call()), user)
  t.equal(server.requests[0]?.path, '/2.0/users')
  t.equal(server.requests[0]?.query.get('fields'), userFields)
  t.same(JSON.parse(server.requests[0]?.body ?? ''), {
    name: 'Anna',
    login: 'anna@example.com',
    job_title: '',
    space_amount: -1,
    tracking_codes: [{ name: 'Cost centre', value: '42' }],
    external_app_user_id: 'e-1'
  })
  t.match(await rejection(box.createUser(fields, call()), BoxRefusedError), {
    status: 409,
    code: 'user_login_already_used'
  })
  await t.rejects(box.createUser({ name: 'Anna' }, call()), TypeError)
})

t.test('changing a user sends what changes and nothing else', async (t) => {
  const gone = boxError(404, 'not_found', 'Not Found')
  const { server, box, call } = await start(t, ok(rawUser), ok(rawUser), ok(rawUser), gone)
  await box.updateUser(userId, { status: 'inactive' }, call())
  await box.updateUser(userId, { notificationEmail: null, trackingCodes: [] }, call())
  await box.updateUser(
    userId,
    {
      notificationEmail: 'n@example.com',
      isSyncEnabled: false,
      canSeeManagedUsers: true,
      isExternalCollabRestricted: true,
      isExemptFromDeviceLimits: false,
      isExemptFromLoginVerification: true
    },
    call()
  )
  const path = 'PUT /2.0/users/77777?fields=USER'
  t.same(seen(server), [
    `${path} {"status":"inactive"}`,
    `${path} {"tracking_codes":[],"notification_email":null}`,
    `${path} {"is_sync_enabled":false,"can_see_managed_users":true,` +
      '"is_external_collab_restricted":true,"is_exempt_from_device_limits":false,' +
      '"is_exempt_from_login_verification":true,"notification_email":{"email":"n@example.com"}}'
  ])
  const late = box.updateUser(userId, { name: 'A' }, call())
  t.match(await rejection(late, BoxRefusedError), { status: 404, code: 'not_found' })
})

t.test('aliases', async (t) => {
  const alias = { type: 'email_alias', id: '23432', email: 'new@example.com', is_confirmed: true }
  const list = ok({ total_count: 1, entries: [alias] })
  const gone = boxError(404, 'not_found', 'Not Found')
  const taken = boxError(409, 'conflict', 'A resource with this value already exists')
  const answers = [list, ok(alias, 201), { status: 204 }, gone, taken, list, taken, list]
  const { server, box, call } = await start(t, ...answers)
  const expected = { id: '23432', email: 'new@example.com' }
  t.same(await box.listAliases(userId, call()), [expected])
  t.same(await box.addAlias(userId, 'new@example.com', call()), expected)
  await box.removeAlias(userId, '23432', call())
  await box.removeAlias(userId, '23432', call())
  t.same(await box.addAlias(userId, 'NEW@example.com', call()), expected, 'an earlier attempt')
  const other = box.addAlias(userId, 'other@example.com', call())
  t.match(await rejection(other, BoxRefusedError), { status: 409, code: 'conflict' })
  t.same(seen(server).slice(0, 3), [
    'GET /2.0/users/77777/email_aliases',
    'POST /2.0/users/77777/email_aliases {"email":"new@example.com","is_confirmed":true}',
    'DELETE /2.0/users/77777/email_aliases/23432'
  ])
  t.equal(server.requests.length, 8)
})

t.test('reading, creating and changing groups', async (t) => {
  const gone = boxError(404, 'not_found', 'Not Found')
  const answers = [ok(rawGroup), gone, ok(rawGroup, 201), ok(rawGroup)]
  const { server, box, call } = await start(t, ...answers)
  t.same(await box.getGroup(groupId, call()), group)
  t.equal(await box.getGroup(groupId, call()), undefined)
  const fields = { name: 'Everyone', externalSyncIdentifier: 'x', invitabilityLevel: 'admins_only' }
  t.same(await box.createGroup(fields, call()), group)
  t.same(await box.updateGroup(groupId, { description: '' }, call()), group)
  await t.rejects(box.createGroup({}, call()), TypeError)
  t.same(seen(server), [
    'GET /2.0/groups/119720?fields=GROUP',
    'GET /2.0/groups/119720?fields=GROUP',
    'POST /2.0/groups?fields=GROUP {"name":"Everyone","external_sync_identifier":"x",' +
      '"invitability_level":"admins_only"}',
    'PUT /2.0/groups/119720?fields=GROUP {"description":""}'
  ])
})

t.test('listing groups, and finding one by its name', async (t) => {
  const all = { ...rawGroup, id: '2', group_type: 'all_users_group', name: 'Everyone else' }
  const page = { total_count: 250, entries: [all, rawGroup], limit: 100, offset: 0 }
  const { server, box, call } = await start(t, ok(page), ok(page), ok({ ...page, total_count: 2 }))
  t.same(await box.listGroups(0, call()), {
    entries: [{ ...group, id: '2', groupType: 'all_users_group', name: 'Everyone else' }, group],
    nextOffset: 100,
    truncated: false
  })
  t.match(await box.findGroupByName('EVERYONE', call()), { id: '119720' })
  t.equal(await box.findGroupByName('Every', call()), undefined)
  t.same(seen(server), [
    'GET /2.0/groups?fields=GROUP&limit=1000&offset=0',
    'GET /2.0/groups?filter_term=EVERYONE&fields=GROUP&limit=1000&offset=0',
    'GET /2.0/groups?filter_term=Every&fields=GROUP&limit=1000&offset=0'
  ])
})

t.test('Box lists by offset up to 10,000 entries', async (t) => {
  const page = (total: number) =>
    ok({ total_count: total, entries: [rawMembership], limit: 1000, offset: 9000 })
  const uncounted = ok({ entries: [rawMembership] })
  const answers = [page(10_000), page(10_001), uncounted, page(9500)]
  const { server, box, call } = await start(t, ...answers)
  const read = (offset: number) => box.listGroupMemberships(groupId, offset, call())
  const entries = [membership]
  t.same(await read(9000), { entries, nextOffset: undefined, truncated: false })
  t.same(await read(9000), { entries, nextOffset: undefined, truncated: true })
  t.same(await read(0), { entries, nextOffset: undefined, truncated: false })
  t.same(await read(8000), { entries, nextOffset: 9000, truncated: false })
  t.equal(seen(server)[0], 'GET /2.0/groups/119720/memberships?limit=1000&offset=9000')
})

t.test('memberships of one person', async (t) => {
  const elsewhere = { ...rawMembership, id: '9', group: { type: 'group', id: '4' } }
  const { server, box, call } = await start(
    t,
    ok({ total_count: 1001, entries: [elsewhere], limit: 1000, offset: 0 }),
    ok({
      total_count: 1001,
      entries: [{ ...rawMembership, user: null, role: 'admin' }],
      limit: 1000
    }),
    ok({ total_count: 0, entries: [], limit: 1000, offset: 0 }),
    boxError(404, 'not_found', 'Not Found')
  )
  const found = await box.findMembership(groupId, userId, call())
  t.same(found, { ...membership, role: 'admin' })
  t.equal(await box.findMembership(groupId, userId, call()), undefined)
  t.equal(await box.findMembership(groupId, userId, call()), undefined, 'nobody has that id')
  t.same(seen(server).slice(0, 2), [
    'GET /2.0/users/77777/memberships?limit=1000&offset=0',
    'GET /2.0/users/77777/memberships?limit=1000&offset=1000'
  ])
})

t.test('adding and removing a member', async (t) => {
  const there = boxError(409, 'conflict', 'A resource with this value already exists')
  const list = ok({ total_count: 1, entries: [rawMembership], limit: 1000, offset: 0 })
  const none = ok({ total_count: 0, entries: [], limit: 1000, offset: 0 })
  const gone = boxError(404, 'not_found', 'Not Found')
  const answers = [ok(rawMembership, 201), ok(rawMembership), there, list, there, none]
  const { server, box, call } = await start(t, ...answers, { status: 204 }, gone)
  const add = () => box.addMembership(groupId, userId, call())
  t.same(await add(), membership)
  t.same(await add(), membership, '200: was there')
  t.same(await add(), membership, '409: was there')
  t.match(await rejection(add(), BoxRefusedError), { status: 409 }, '409 for another reason')
  await box.removeMembership(membershipId, call())
  await box.removeMembership(membershipId, call())
  t.equal(
    seen(server)[0],
    'POST /2.0/group_memberships {"user":{"id":"77777"},"group":{"id":"119720"}}'
  )
  t.equal(seen(server).at(-1), 'DELETE /2.0/group_memberships/1560354')
})

t.test('an id that is none never becomes part of a path', async (t) => {
  const { server, box, call } = await start(t)
  for (const bad of ['1/../../groups', '', '123456789012345678901', 'abc', '1\n']) {
    const [user, group] = [bad as BoxUserId, bad as BoxGroupId]
    await t.rejects(box.getUser(user, call()), TypeError)
    await t.rejects(box.updateUser(user, {}, call()), TypeError)
    await t.rejects(box.listAliases(user, call()), TypeError)
    await t.rejects(box.addAlias(user, 'a@example.com', call()), TypeError)
    await t.rejects(box.removeAlias(userId, bad, call()), TypeError)
    await t.rejects(box.getGroup(group, call()), TypeError)
    await t.rejects(box.updateGroup(group, {}, call()), TypeError)
    await t.rejects(box.listGroupMemberships(group, 0, call()), TypeError)
    await t.rejects(box.findMembership(groupId, user, call()), TypeError)
    await t.rejects(box.addMembership(group, userId, call()), TypeError)
    await t.rejects(box.removeMembership(bad as BoxMembershipId, call()), TypeError)
  }
  t.equal(server.requests.length, 0)
})

t.test('a base address with a path and a slash at its end', async (t) => {
  const server = await startBoxServer(t)
  server.answer = () => ok(rawUser)
  const { box, call, records } = createTestClient(t, `${server.url}/box/`)
  server.answer = ({ path }) => (path === '/box/oauth2/token' ? ok({}) : ok(rawUser))
  await rejection(box.getUser(userId, call()), BoxUnavailableError)
  t.equal(server.requests[0]?.path, '/box/oauth2/token')
  t.same(records, [])
})
