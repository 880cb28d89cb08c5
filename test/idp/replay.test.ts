import { createServer, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { compareState } from './compare-state.ts'
import type { Exchange, ExchangeFile, ExpectedState } from './exchange-file.ts'
import { differences, exactDifferences } from './matcher.ts'
import { replay } from './replay.ts'

t.test('the matcher takes what is right and names what is wrong', async (t) => {
  const actual: JsonObject = {
    id: '11',
    active: false,
    title: '',
    emails: [{ value: 'a@example.com', type: 'work' }, { value: 'b@example.com' }],
    members: [{ value: '2' }, { value: '1' }],
    $ref: 'x',
    'a/b': 1
  }
  const right: readonly JsonValue[] = [
    {},
    { id: '11', active: false },
    { emails: [{ value: 'a@example.com' }, {}] },
    { members: { $unordered: [{ value: '1' }, { value: '2' }] } },
    { members: { $contains: [{ value: '1' }] } },
    { members: { $excludes: [{ value: '3' }] } },
    { nickName: { $absent: true }, addresses: { $empty: true } },
    { id: { $type: 'string' }, active: { $type: 'boolean' }, emails: { $type: 'array' } },
    { id: { $matches: '^\\d+$' }, 'a/b': { $atLeast: 1 } },
    { $ref: 'x' }
  ]
  for (const expected of right) t.same(differences(expected, actual), [], JSON.stringify(expected))

  const wrong: readonly [JsonValue, string][] = [
    [{ id: '12' }, '/id'],
    [{ id: 11 }, '/id'],
    [{ active: 'false' }, '/active'],
    [{ nickName: 'J' }, '/nickName'],
    [{ toString: { $type: 'function' } }, '/toString'],
    [{ emails: [{ value: 'a@example.com' }] }, '/emails'],
    [{ emails: [{ value: 'b@example.com' }, {}] }, '/emails/0/value'],
    [{ emails: {} }, '/emails'],
    [{ id: [] }, '/id'],
    [{ members: { $unordered: [{ value: '1' }] } }, '/members'],
    [{ members: { $unordered: [{ value: '1' }, { value: '1' }] } }, '/members'],
    [{ members: { $unordered: [{ value: '1' }, { value: '2' }, { value: '3' }] } }, '/members'],
    [{ id: { $unordered: [] } }, '/id'],
    [{ members: { $contains: [{ value: '3' }] } }, '/members'],
    [{ nickName: { $contains: [{ value: '3' }] } }, '/nickName'],
    [{ members: { $excludes: [{ value: '1' }] } }, '/members'],
    [{ title: { $absent: true } }, '/title'],
    [{ members: { $empty: true } }, '/members'],
    [{ title: { $type: 'string' } }, '/title'],
    [{ id: { $type: 'integer' } }, '/id'],
    [{ id: { $matches: 'a' } }, '/id'],
    [{ 'a/b': { $atLeast: 2 } }, '/a~1b'],
    [{ $ref: 'y' }, '/$ref']
  ]
  for (const [expected, at] of wrong) {
    const found = differences(expected, actual)
    t.ok(found.length > 0, `${JSON.stringify(expected)} is wrong`)
    t.ok(
      found.every((difference) => difference.startsWith(`${at}: `)),
      `the difference is at ${at}`
    )
  }

  t.same(exactDifferences({ a: [1] }, { a: [1] }), [])
  t.equal(exactDifferences({ a: [1] }, { a: [1], b: 2 }).length, 1, 'too much is a difference')
  t.equal(exactDifferences({}, undefined).length, 1)
})

t.test('a request arrives exactly as recorded', async (t) => {
  const server = await scriptedServer(t, (request) =>
    request.method === 'POST'
      ? { status: 201, body: { id: '7', name: 'a "quoted" name' } }
      : { status: 200, body: {} }
  )
  const failures = await replay(
    run([
      exchange('create', {
        request: { method: 'POST', path: '//Users?filter="x"+eq&b=%40..', body: { userName: 'å' } },
        response: { status: 201 },
        remember: { id: '/id', name: '/name' }
      }),
      exchange('read', {
        request: { method: 'PATCH', path: '/Users/{{id}}', body: { name: '{{name}}' } },
        response: { status: [200, 204] }
      }),
      exchange('without a token', {
        request: { method: 'GET', path: '/', headers: { authorization: null, Accept: 'x/y' } },
        response: { status: 200 }
      })
    ]),
    server.target
  )
  t.same(failures, [])
  t.same(
    server.requests.map(({ url, text }) => [url, text]),
    [
      ['/scim/v2//Users?filter="x"+eq&b=%40..', '{"userName":"å"}'],
      ['/scim/v2/Users/7', '{"name":"a \\"quoted\\" name"}'],
      ['/scim/v2/', '']
    ]
  )
  t.match(server.requests[0]?.headers, {
    authorization: 'Bearer the-token',
    'content-type': 'application/scim+json',
    'content-length': '17'
  })
  t.equal(server.requests[2]?.headers.accept, 'x/y')
  t.same(
    Object.keys(server.requests[2]?.headers ?? {}).toSorted(),
    ['accept', 'connection', 'host'],
    'nothing is added, and a header can be left out'
  )
})

t.test('every kind of disappointment is a failure of its own exchange', async (t) => {
  let boxCalls = 0
  const server = await scriptedServer(t, (request) => {
    boxCalls += request.url === '/scim/v2/Costly' ? 2 : 0
    return (
      answers.get(request.url ?? '') ?? {
        status: 200,
        headers: { location: 'here' },
        body: { id: '7', n: 1 }
      }
    )
  })
  const answers = new Map<string, ScriptedAnswer>([
    ['/scim/v2/Html', { status: 200, text: '<html>', type: 'text/html' }],
    ['/scim/v2/Json', { status: 200, body: {}, type: 'application/json' }],
    ['/scim/v2/Gone', { status: 404, body: { detail: 'gone' } }],
    ['/scim/v2/None', { status: 204 }]
  ])
  const cases: readonly [Partial<Exchange>, RegExp | undefined][] = [
    [{ request: get('/A') }, undefined],
    [{ request: get('/None'), response: { status: 204 } }, undefined],
    [{ request: get('/Costly'), boxCalls: 2 }, undefined],
    [{ request: get('/Gone') }, /status 404 instead of 200.*gone/u],
    [{ request: get('/Gone'), response: { status: [200, 204] } }, /instead of 200 or 204/u],
    [{ request: get('/Html') }, /no JSON/u],
    [{ request: get('/Json') }, /media type application\/json/u],
    [{ request: get('/None'), response: { status: 204, body: { id: '7' } } }, /expected/u],
    [
      { response: { status: 200, headers: { location: '{{baseUrl}}/7' } } },
      /header location: expected "http.*\/scim\/v2\/7", got "here"/u
    ],
    [{ response: { status: 200, body: { id: '8' } } }, /\/id: expected "8", got "7"/u],
    [{ response: { status: 200, bodyIs: { id: '7' } } }, /expected \{"id":"7"\}/u],
    [{ boxCalls: 1 }, /cost 0 Box calls instead of 1/u],
    [{ request: get('/Costly'), boxCalls: 1 }, /cost 2 Box calls instead of 1/u],
    [{ remember: { x: '/n' } }, /no text to remember as \{\{x\}\}/u],
    [{ remember: { x: '/id/length' } }, /no text to remember/u],
    [{ request: get('/{{never}}') }, /nothing is remembered as \{\{never\}\}/u]
  ]
  const names: string[] = []
  const failures = await replay(
    run(cases.map(([more], index) => exchange(`case ${index}`, more))),
    { ...server.target, boxCalls: () => boxCalls, onExchange: (name) => names.push(name) }
  )
  t.equal(names.length, cases.length, 'one failure does not end the run')
  cases.forEach(([, pattern], index) => {
    const found = failures.filter(({ exchange }) => exchange === `case ${index}`)
    if (pattern === undefined) t.same(found, [], `case ${index} is right`)
    else t.match(found, [{ message: pattern }], `case ${index}`)
  })
})

t.test('a server that is not there is a failure, not a crash', async (t) => {
  const server = await scriptedServer(t, () => ({ status: 200, body: {} }))
  await server.close()
  t.match(await replay(run([exchange('any', {})]), server.target), [{ message: /ECONNREFUSED/u }])
})

t.test('the state of Box is compared whole', async (t) => {
  const users = {
    'ada.admin@example.com': { aliases: [], status: 'active' },
    'jane@example.com': { aliases: ['jd@example.com'], status: 'active', name: 'J' },
    'max@example.com': { aliases: [], status: 'inactive', name: 'M' }
  }
  const groups = {
    Sales: { members: ['max@example.com', 'jane@example.com'] },
    Empty: { members: [] }
  }
  const bystanders = new Set(['ada.admin@example.com'])
  const expected: ExpectedState = {
    users: {
      'jane@example.com': { status: 'active', name: 'J', aliases: ['jd@example.com'] },
      'max@example.com': { status: 'inactive' }
    },
    groups: { Sales: ['jane@example.com', 'max@example.com'], Empty: [] },
    absentUsers: ['eve@example.com']
  }
  t.same(compareState(expected, { users, groups }, bystanders), [])

  const one = { 'jane@example.com': { status: 'active' } }
  const wrong: readonly [Partial<ExpectedState>, RegExp][] = [
    [{ users: one }, /max@example.com is too many/u],
    [{ users: { ...expected.users, 'eve@example.com': {} } }, /eve@example.com is missing/u],
    [
      { users: { ...expected.users, 'max@example.com': { status: 'active' } } },
      /max@example.com \/status: expected "active", got "inactive"/u
    ],
    [{ groups: { Sales: expected.groups['Sales'] ?? [] } }, /groups: Empty is too many/u],
    [{ groups: { ...expected.groups, Board: [] } }, /groups: Board is missing/u],
    [
      { groups: { ...expected.groups, Sales: ['jane@example.com'] } },
      /members of Sales: max@example.com is too many/u
    ],
    [
      { groups: { ...expected.groups, Empty: ['jane@example.com'] } },
      /members of Empty: jane@example.com is missing/u
    ],
    [{ absentUsers: ['jd@example.com'] }, /jd@example.com still leads to jane@example.com/u],
    [{ absentUsers: ['max@example.com'] }, /max@example.com still leads to/u]
  ]
  for (const [change, pattern] of wrong) {
    const found = compareState({ ...expected, ...change }, { users, groups }, bystanders)
    t.match(found, [pattern], String(pattern))
    t.equal(found.length, 1)
  }
  t.match(compareState(expected, { users, groups }), [/ada.admin@example.com is too many/u])
  const twice = { ...groups, Sales: { members: [...groups.Sales.members, 'max@example.com'] } }
  t.match(compareState(expected, { users, groups: twice }, bystanders), [
    /members of Sales: max@example.com is there twice/u
  ])
})

function get(path: string): Exchange['request'] {
  return { method: 'GET', path }
}

function exchange(name: string, more: Partial<Exchange>): Exchange {
  return {
    name,
    request: { method: 'GET', path: '/A' },
    response: { status: 200 },
    boxCalls: 0,
    ...more
  }
}

function run(exchanges: readonly Exchange[]): ExchangeFile {
  return {
    client: 'a test',
    source: 'https://www.rfc-editor.org/rfc/rfc7644',
    headers: { Authorization: 'Bearer {{token}}' },
    bodyHeaders: { 'Content-Type': 'application/scim+json' },
    exchanges,
    expect: { users: {}, groups: {}, absentUsers: [] }
  }
}

interface ScriptedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: JsonValue
  readonly text?: string
  readonly type?: string
}

/** A server that answers as told and keeps what it was asked. */
async function scriptedServer(t: Test, answer: (request: IncomingMessage) => ScriptedAnswer) {
  const requests: (Pick<IncomingMessage, 'url' | 'headers'> & { text: string })[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url, headers } = request
      requests.push({ url, headers, text: Buffer.concat(chunks).toString('utf8') })
      const { status, headers: more, body, text, type } = answer(request)
      response.writeHead(status, { 'content-type': type ?? 'application/scim+json', ...more })
      response.end(text ?? (body === undefined ? '' : JSON.stringify(body)))
    })
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.teardown(close)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const baseUrl = `http://127.0.0.1:${port}/scim/v2`
  return { requests, close, target: { baseUrl, token: 'the-token', boxCalls: () => 0 } }
}
