import t, { type Test } from 'tap'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { startBridge, type Bridge } from '../helpers/bridge.ts'
import { assertPutOff } from '../helpers/put-off.ts'
import { createHurriedClock, passTime, type HurriedClock } from '../helpers/hurried-clock.ts'
import {
  group,
  person,
  scimClient,
  type ScimAnswer,
  type ScimClient
} from '../helpers/scim-client.ts'

const people = ['leo', 'lea', 'bob', 'eve', 'max', 'ada', 'uma', 'nina'] as const
type Name = (typeof people)[number]
const loginOf = (name: string) => `${name}@example.com`

/** What goes wrong, and how it ends. */
interface Outage {
  readonly begin: (setting: Setting) => void
  /** The writes that wait for nothing but their turn are acknowledged: only Box's rate limit is in the way. */
  readonly isRateLimit?: boolean
}

interface Setting extends Bridge {
  readonly scim: ScimClient
  readonly clock: HurriedClock
  readonly credentials: { clientSecret: string }
  readonly ids: Readonly<Record<Name, string>>
  readonly groups: { readonly Team: string; readonly Old: string; readonly Gone: string }
}

const faulty = (kind: '503-before' | 'server-error' | 'html-502' | 'reset-before') => ({
  begin: ({ emulator }: Setting) => emulator.faults.add({ kind })
})
const lost = (kind: '503-after' | 'reset-after') => ({
  begin: ({ emulator }: Setting) => emulator.faults.add({ kind })
})

const outages: Readonly<Record<string, Outage>> = {
  'Box answers 503': faulty('503-before'),
  'Box answers 500': faulty('server-error'),
  'a proxy answers 502 with HTML': faulty('html-502'),
  'connections are reset': faulty('reset-before'),
  'Box does everything and answers 503': lost('503-after'),
  'Box does everything and its answers are lost': lost('reset-after'),
  'Box limits the rate': {
    begin: ({ emulator }) => emulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 60 }),
    isRateLimit: true
  },
  'every token is expired': {
    begin({ emulator }) {
      emulator.faults.add({ kind: 'short-token', seconds: 0 })
      emulator.revokeTokens()
    }
  },
  'Box refuses the client secret': {
    begin({ emulator, credentials }) {
      credentials.clientSecret = 'changed'
      emulator.revokeTokens()
    }
  }
}

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const deactivate = replace('active', false)
const activate = replace('active', true)
const members = (op: 'add' | 'remove', ...ids: readonly string[]) => ({
  op,
  path: 'members',
  value: ids.map((value) => ({ value }))
})

const idOf = (found: { readonly id: string } | undefined) => found?.id ?? ''

async function setUp(t: Test): Promise<Setting> {
  const clock = createHurriedClock()
  const credentials = { ...demoCredentials }
  const bridge = await startBridge(t, {
    seed: {
      users: people.map((name) => ({ login: loginOf(name), name, job_title: 'Engineer' })),
      groups: [
        { name: 'Team', members: [loginOf('max'), loginOf('leo')] },
        { name: 'Old', members: [] },
        { name: 'Gone', members: [loginOf('uma')] }
      ]
    },
    emulator: { clock, credentials },
    dependencies: { clock }
  })
  const { users, groups } = bridge.emulator.state()
  const ids = Object.fromEntries(people.map((name) => [name, idOf(users[loginOf(name)])]))
  return {
    ...bridge,
    scim: scimClient(bridge),
    clock,
    credentials,
    ids: ids as Setting['ids'],
    groups: { Team: idOf(groups['Team']), Old: idOf(groups['Old']), Gone: idOf(groups['Gone']) }
  }
}

/** Box is itself again. */
function recover({ emulator, credentials, clock }: Setting): void {
  emulator.faults.clear()
  credentials.clientSecret = demoCredentials.clientSecret
  clock.skip(120_000)
}

/** Lets minutes pass, so that whatever the bridge would do by itself is done. */
async function restAWhile({ clock }: Setting): Promise<void> {
  const end = clock.now() + 240_000
  await passTime(clock, 'time passes', () => clock.now() >= end)
}

const quiet = ({
  scim,
  ids,
  groups
}: Setting): Readonly<Record<string, () => Promise<unknown>>> => ({
  'GET of a person': () => scim.get(`/Users/${ids.uma}`),
  'list of people': () => scim.get('/Users?count=3'),
  'GET of a group': () => scim.get(`/Groups/${groups.Team}`),
  'filter on groups': () => scim.get(`/Groups?filter=displayName%20eq%20%22team%22`),
  discovery: () => scim.get('/ServiceProviderConfig'),
  'PATCH to what is there': () => scim.patch(`/Users/${ids.uma}`, replace('title', 'Engineer')),
  'active:true for an active person': () => scim.patch(`/Users/${ids.uma}`, activate),
  'PUT of what is there': () =>
    scim.put(
      `/Users/${ids.uma}`,
      person(loginOf('uma'), { displayName: 'uma', title: 'Engineer' })
    ),
  'an attribute that Box does not have': () =>
    scim.patch(`/Users/${ids.uma}`, replace('nickName', 'U')),
  'adding somebody who is a member': () =>
    scim.patch(`/Groups/${groups.Team}`, members('add', ids.max))
})

/** Writes that need Box and are not driven on: a retry makes them happen. */
const additions = ({ scim, ids, groups }: Setting) => ({
  'create a person': () => scim.post('/Users', person('new@example.com')),
  'update a person': () => scim.patch(`/Users/${ids.uma}`, replace('title', 'Boss')),
  'change a login': () => scim.patch(`/Users/${ids.nina}`, replace('userName', 'nin@example.com')),
  'create a group': () => scim.post('/Groups', group('Fresh', [ids.uma])),
  'rename a group': () => scim.patch(`/Groups/${groups.Old}`, replace('displayName', 'Renamed'))
})

/** Writes that take access away. */
const removals = ({ scim, ids }: Setting) => ({
  'deactivate a person': () =>
    scim.patch(`/Users/${ids.leo}`, replace('title', 'Gone'), deactivate),
  'delete a person': () => scim.delete(`/Users/${ids.lea}`)
})

const membershipAddition = ({ scim, ids, groups }: Setting) =>
  scim.patch(`/Groups/${groups.Team}`, members('add', ids.ada))

const membershipRemovals = ({ scim, ids, groups }: Setting) => ({
  'remove a member': () => scim.patch(`/Groups/${groups.Team}`, members('remove', ids.max)),
  'delete a group': () => scim.delete(`/Groups/${groups.Gone}`)
})

async function all(
  requests: Readonly<Record<string, () => Promise<ScimAnswer>>>
): Promise<readonly (readonly [string, ScimAnswer])[]> {
  return Promise.all(
    Object.entries(requests).map(async ([name, send]) => [name, await send()] as const)
  )
}

for (const [name, outage] of Object.entries(outages)) {
  t.test(name, async (t) => {
    const setting = await setUp(t)
    const { scim, emulator, ids, groups } = setting
    outage.begin(setting)

    const callsBefore = setting.boxCalls()
    for (const [what, send] of Object.entries(quiet(setting))) {
      t.match(await send(), { status: what.endsWith('member') ? 204 : 200 }, what)
    }
    t.equal(setting.boxCalls(), callsBefore, 'none of them asks Box')

    const shown = await everything(setting)
    const status = outage.isRateLimit === true ? 429 : 503
    const inVain = { ...additions(setting), ...removals(setting) }
    for (const answer of await all(inVain)) assertPutOff(t, answer, status)
    const ofMembers = { add: () => membershipAddition(setting), ...membershipRemovals(setting) }
    for (const answer of await all(ofMembers)) {
      if (outage.isRateLimit === true) t.ok(answer[1].status < 300, `${answer[0]} is acknowledged`)
      else assertPutOff(t, answer)
    }
    const { users: same } = await everything(setting)
    t.same(same, shown.users, 'people look as before: nothing is half-done')
    t.same(await scim.find('/Users', 'userName eq "new@example.com"'), [])
    t.same(await scim.find('/Groups', 'displayName eq "Fresh"'), [])
    t.equal((await scim.get(`/Groups/${groups.Old}`)).body['displayName'], 'Old')
    const expected = outage.isRateLimit === true ? [ids.leo, ids.ada] : [ids.leo]
    t.same(await shownMembers(setting, 'Team'), expected.toSorted(), 'the removal is kept in mind')

    recover(setting)
    emulator.clearCalls()
    const isDone = () => {
      const { users, groups: inBox } = emulator.state()
      return (
        users[loginOf('leo')]?.status === 'inactive' &&
        users[loginOf('lea')]?.status === 'inactive' &&
        !inBox['Team']?.members.includes(loginOf('max')) &&
        inBox['Gone']?.members.length === 0
      )
    }
    await passTime(setting.clock, 'removals are driven on', isDone)
    await passTime(setting.clock, 'the directory knows', async () => {
      const { body } = await scim.get(`/Users/${ids.leo}`)
      return body['active'] === false && (await scim.get(`/Users/${ids.lea}`)).status === 404
    })
    await restAWhile(setting)
    const posts = emulator.calls.filter(
      ({ method, path }) => method === 'POST' && path !== '/oauth2/token'
    )
    const added = outage.isRateLimit === true ? ['/2.0/group_memberships'] : []
    t.same(
      posts.map(({ path }) => path),
      added,
      'nothing that was refused is added'
    )
    t.match((await scim.get(`/Users/${ids.leo}`)).body, { active: false, title: 'Engineer' })

    for (const [what, { status }] of await all(additions(setting))) t.ok(status < 300, what)
    t.equal((await membershipAddition(setting)).status, 204)
    const { users, groups: inBox } = emulator.state()
    t.match(users, {
      'new@example.com': { status: 'active', name: 'Name of new' },
      'uma@example.com': { job_title: 'Boss' },
      'nin@example.com': { id: ids.nina, aliases: [] },
      'leo@example.com': { job_title: 'Engineer' }
    })
    t.notOk(users['nina@example.com'])
    t.same(Object.keys(inBox).toSorted(), ['Fresh', 'Gone', 'Renamed', 'Team'])
    t.same(membersOf(emulator, 'Team'), ['ada@example.com', 'leo@example.com'])
    t.same(membersOf(emulator, 'Fresh'), ['uma@example.com'])
  })
}

function membersOf(emulator: Emulator, name: string): readonly string[] {
  return emulator.state().groups[name]?.members ?? []
}

async function shownMembers({ scim, groups }: Setting, name: keyof Setting['groups']) {
  const { body } = await scim.get(`/Groups/${groups[name]}`)
  return ((body['members'] ?? []) as { value: string }[]).map(({ value }) => value).toSorted()
}

/** All that SCIM shows of people and groups. */
async function everything({ scim }: Setting) {
  const users = (await scim.get('/Users?count=100&excludedAttributes=groups')).body['Resources']
  const groups = (await scim.get('/Groups?count=100')).body['Resources']
  return { users, groups }
}

t.test('revoked tokens are replaced within the request', async (t) => {
  const setting = await setUp(t)
  setting.emulator.revokeTokens()
  t.equal((await additions(setting)['update a person']()).status, 200)
  t.equal((await membershipRemovals(setting)['remove a member']()).status, 204)
})

for (const kind of ['503-before', '503-after', 'reset-before', 'reset-after'] as const) {
  t.test(`the later request wins over one that was told 503: ${kind}`, async (t) => {
    const setting = await setUp(t)
    const { scim, emulator, ids, groups } = setting
    const team = `/Groups/${groups.Team}`
    const patch = (name: Name, ...operations: readonly object[]) =>
      scim.patch(`/Users/${ids[name]}`, ...operations)
    const inBox = (name: Name) => emulator.state().users[loginOf(name)]?.status
    const isMember = (name: Name) => membersOf(emulator, 'Team').includes(loginOf(name))
    const showsMember = async (name: Name) =>
      (await shownMembers(setting, 'Team')).includes(ids[name])

    emulator.faults.add({ kind })
    const first = await all({
      'deactivate leo': () => patch('leo', deactivate),
      'delete lea': () => scim.delete(`/Users/${ids.lea}`),
      'deactivate bob': () => patch('bob', deactivate),
      'deactivate eve': () => patch('eve', deactivate),
      'deactivate uma': () => patch('uma', deactivate),
      'add ada': () => scim.patch(team, members('add', ids.ada)),
      'add nina': () => scim.patch(team, members('add', ids.nina)),
      'remove max': () => scim.patch(team, members('remove', ids.max))
    })
    for (const answer of first) assertPutOff(t, answer)
    t.notOk(await showsMember('ada'), 'an unconfirmed addition is not shown')

    emulator.faults.clear()
    emulator.faults.add({ kind: '503-before' })
    const second = await all({
      'reactivate leo': () => patch('leo', activate),
      'reactivate lea': () => patch('lea', activate),
      'reactivate bob': () => patch('bob', activate),
      'unrelated change of uma': () => patch('uma', replace('title', 'Boss')),
      'remove nina': () => scim.patch(team, members('remove', ids.nina)),
      'add max': () => scim.patch(team, members('add', ids.max))
    })
    for (const answer of second) assertPutOff(t, answer)

    recover(setting)
    t.match(await patch('leo', activate), { status: 200, body: { active: true } })
    t.match(await patch('lea', activate), { status: 200, body: { active: true } })
    t.match(await patch('eve', activate), { status: 200, body: { active: true } })
    t.match(
      await patch('uma', replace('nickName', 'U')),
      { status: 200, body: { active: false, nickName: 'U', title: 'Engineer' } },
      'an unrelated change cancels nothing'
    )

    await restAWhile(setting)
    t.equal(inBox('leo'), 'active', 'the retried activation wins')
    t.equal(inBox('lea'), 'active', 'an activation wins over a deletion')
    t.equal(inBox('eve'), 'active', 'an activation wins whether or not the bridge was faster')
    t.equal(inBox('uma'), 'inactive')
    t.notOk(isMember('nina'), 'a removal wins over an addition whose answer was lost')
    const isApplied = kind.endsWith('after')
    t.equal(inBox('bob'), isApplied ? 'inactive' : 'active', 'an activation is not driven on')
    t.equal(isMember('ada'), isApplied, 'nor an addition')
    t.equal(isMember('max'), !isApplied)
    for (const name of ['leo', 'lea', 'bob', 'eve', 'uma'] as const) {
      const { body } = await scim.get(`/Users/${ids[name]}`)
      t.equal(body['active'], inBox(name) === 'active', `SCIM shows what Box has of ${name}`)
    }
    for (const name of ['ada', 'nina', 'max', 'leo'] as const) {
      t.equal(await showsMember(name), isMember(name), `SCIM shows where ${name} is in Box`)
    }

    t.match(await patch('bob', activate), { status: 200, body: { active: true } })
    t.equal(inBox('bob'), 'active')
    t.equal((await scim.patch(team, members('add', ids.max))).status, 204)
    t.ok(isMember('max'))
    t.ok(await showsMember('max'))
  })
}
