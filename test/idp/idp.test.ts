import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { compareState } from './compare-state.ts'
import { exchangeFileNames, readExchangeFile } from './exchange-file.ts'
import type { Exchange, ExpectedState } from './exchange-file.ts'
import { replay } from './replay.ts'

for (const name of exchangeFileNames()) {
  const file = readExchangeFile(name)
  t.test(`${name}: ${file.client}`, async (t) => {
    const bridge = await startBridge(t, {
      ...(file.seed === undefined ? {} : { seed: file.seed }),
      ...(file.env === undefined ? {} : { env: file.env })
    })
    const seeded = new Set(file.seed?.users.map(({ login }) => login))
    const bystanders = new Set(
      Object.keys(bridge.emulator.state().users).filter((login) => !seeded.has(login))
    )

    await replay(file, {
      ...bridge,
      onExchange: (exchange, failures) => t.same(failures, [], exchange)
    })

    const state = bridge.emulator.state()
    t.same(compareState(file.expect, state, bystanders), [], 'Box holds what the client meant')

    for (const [mistake, wrong] of wrongExpectations(file.expect)) {
      t.ok(compareState(wrong, state, bystanders).length > 0, `would be noticed: ${mistake}`)
    }
    const wrong = await replay({ ...file, exchanges: wrongExchanges }, bridge)
    t.same(
      [...new Set(wrong.map(({ exchange }) => exchange))],
      wrongExchanges.map((exchange) => exchange.name),
      'each wrong expectation of an answer is noticed'
    )
  })
}

type WrongExpectation = readonly [mistake: string, wrong: ExpectedState]

/** The expectation with one mistake each. */
function wrongExpectations(right: ExpectedState): readonly WrongExpectation[] {
  return [
    ...Object.keys(right.users).flatMap((login) => wrongAbout(login, right)),
    ...Object.entries(right.groups).flatMap(([name, members]) =>
      wrongMembers(members, Object.keys(right.users)).map(
        ([mistake, wrong]) => [`${mistake} ${name}`, withGroup(right, name, wrong)] as const
      )
    ),
    ['somebody who is not there', withUser(right, 'ghost@example.com', {})],
    ['a group that is not there', withGroup(right, 'Ghosts', [])]
  ]
}

function wrongAbout(login: string, right: ExpectedState): readonly WrongExpectation[] {
  const { [login]: fields, ...others } = right.users
  const status = fields?.['status'] === 'active' ? 'inactive' : 'active'
  return [
    [`status of ${login}`, withUser(right, login, { ...fields, status })],
    [`name of ${login}`, withUser(right, login, { ...fields, name: 'Somebody Else' })],
    [`${login} not expected`, { ...right, users: others }],
    [`${login} expected to be absent`, { ...right, absentUsers: [login] }]
  ]
}

function wrongMembers(members: readonly string[], people: readonly string[]) {
  const strangers = people.filter((login) => !members.includes(login))
  return [
    ...members.map(
      (member) => [`${member} not in`, members.filter((other) => other !== member)] as const
    ),
    ...strangers.map((stranger) => [`${stranger} in`, members.concat(stranger)] as const)
  ]
}

function withUser(
  state: ExpectedState,
  login: string,
  fields: ExpectedState['users'][string]
): ExpectedState {
  return { ...state, users: { ...state.users, [login]: fields } }
}

function withGroup(state: ExpectedState, name: string, members: readonly string[]): ExpectedState {
  return { ...state, groups: { ...state.groups, [name]: members } }
}

const miss = '/Users?filter=userName%20eq%20%22nobody%40example.com%22'

/** Expectations that no server fulfils. */
const wrongExchanges: readonly Exchange[] = [
  {
    name: 'a miss that is none',
    request: { method: 'GET', path: miss },
    response: { status: 200, body: { totalResults: 1 } },
    boxCalls: 0
  },
  {
    name: 'a miss that is an error',
    request: { method: 'GET', path: miss },
    response: { status: 404 },
    boxCalls: 0
  },
  {
    name: 'a read that costs a call',
    request: { method: 'GET', path: miss },
    response: { status: 200 },
    boxCalls: 1
  }
]
