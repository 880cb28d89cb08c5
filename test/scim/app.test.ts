import { EventEmitter, once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { BoxUnavailableError, ProvisioningError } from '../../src/provisioning/errors.ts'
import { authorized, idOf, startServer, testNow, testToken } from './server.ts'
import type { Answer } from './server.ts'

const scimType = 'application/scim+json; charset=utf-8'
const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** Asserts a SCIM error object as RFC 7644 §3.12 wants it. */
function isScimError(t: Test, answer: Answer, status: number, keyword?: string): void {
  t.equal(answer.status, status)
  t.equal(answer.headers.get('content-type'), scimType)
  t.same(answer.body['schemas'], [errorSchema])
  t.equal(answer.body['status'], String(status))
  t.equal(answer.body['scimType'], keyword)
  t.match(answer.body['detail'], /\w/)
  t.match(answer.headers.get('x-correlation-id'), /^request-\d+$/)
}

const person = (userName: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName
})

/** The `Location` that the server gives a person where the client says `Host: host`. */
function locationFor(port: number, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: '/scim/v2/Users/1001',
        headers: { ...authorized, ...(host === undefined ? {} : { host }) },
        agent: false
      },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.headers['location']))
      }
    )
    request.on('error', reject).end()
  })
}

t.test('authentication', async (t) => {
  const server = await startServer(t)

  t.test('without a token nothing below the base is answered', async (t) => {
    for (const path of ['/scim/v2/Users', '/scim/v2/Schemas', '/scim/v2/nowhere', '/scim/v2']) {
      for (const authorization of ['', 'non-token', 'Basic dTpw', 'Bearer wrong-token-0123456']) {
        const answer = await server.send('GET', path, { headers: { authorization } })
        isScimError(t, answer, 401)
        t.match(answer.headers.get('www-authenticate'), /^Bearer realm="/)
      }
    }
    t.equal(server.users.calls.length, 0)
  })

  t.test('a missing header is told apart in words only', async (t) => {
    const answer = await server.raw(
      'GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    )
    t.match(answer, /^HTTP\/1\.1 401 /)
    t.match(answer, /Authorization: Bearer <token>/)
  })

  t.test('is asked before the body is looked at', async (t) => {
    const answer = await server.send('POST', '/scim/v2/Users', {
      body: '{broken',
      headers: { authorization: 'Bearer wrong-token-0123456' }
    })
    isScimError(t, answer, 401)
  })

  t.test('health needs no token', async (t) => {
    const response = await fetch(`${server.url}/healthz`)
    t.equal(response.status, 200)
    t.same(await response.json(), { status: 'ok' })
  })
})

t.test('readiness', async (t) => {
  const server = await startServer(t)
  const ask = async () => {
    const response = await fetch(`${server.url}/readyz`, { headers: authorized })
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: await response.json()
    }
  }

  t.same(await ask(), {
    status: 200,
    retryAfter: null,
    body: { status: 'ready', box: 'ok', import: 'done' }
  })

  server.state.readiness = { ready: true, box: 'degraded', import: 'done' }
  t.match(await ask(), { status: 200, body: { status: 'ready', box: 'degraded' } })

  server.state.readiness = { ready: false, box: 'ok', import: { users: 120, groups: 4 } }
  t.match(await ask(), {
    status: 503,
    retryAfter: /^\d+$/,
    body: { status: 'starting', import: { users: 120, groups: 4 } }
  })

  server.state.readiness = { ready: false, box: 'degraded', import: 'pending' }
  t.match(await ask(), { status: 503, body: { status: 'starting', import: 'pending' } })
})

t.test('paths', async (t) => {
  const server = await startServer(t)

  t.test('an unknown path is a SCIM 404', async (t) => {
    isScimError(t, await server.send('GET', '/scim/v2/Devices'), 404)
    isScimError(t, await server.send('POST', '/scim/v2/Devices', { body: '{}' }), 404)
  })

  t.test('a mistyped base is told the right one, token or not', async (t) => {
    for (const path of ['/', '/scim', '/scim/', '/Users', '/scim/v1/Users', '/scim/v1']) {
      const answer = await server.send('GET', path, { headers: { authorization: '' } })
      const isOther = path.startsWith('/scim/v1')
      isScimError(t, answer, isOther ? 400 : 404, isOther ? 'invalidVers' : undefined)
      t.match(answer.body['detail'], /\/scim\/v2/)
    }
  })

  t.test('RFC 7644 §3.2: double and trailing slashes are forgiven', async (t) => {
    for (const path of ['/scim/v2/Users/', '/scim/v2//Users', '//scim/v2//Users//?count=1']) {
      t.equal((await server.send('GET', path)).status, 200, path)
    }
  })

  t.test("Entra's flag changes nothing wherever it is", async (t) => {
    for (const path of [
      '/scim/v2/Users?aadOptscim062020&count=3',
      '/scim/v2/Users?count=3&aadOptscim062020',
      '/scim/v2?aadOptscim062020/Users?count=3'
    ]) {
      server.users.calls.length = 0
      t.equal((await server.send('GET', path)).status, 200, path)
      t.match(server.users.calls, [{ request: { count: 3 } }])
    }
  })

  t.test(
    'RFC 7644 §3.2: other methods are 405 with what is allowed, before a body is read',
    async (t) => {
      const cases: readonly (readonly [string, string, string])[] = [
        ['PUT', '/scim/v2/Users', 'GET, HEAD, POST'],
        ['DELETE', '/scim/v2/Groups', 'GET, HEAD, POST'],
        ['POST', '/scim/v2/Users/1001', 'GET, HEAD, PUT, PATCH, DELETE'],
        ['OPTIONS', '/scim/v2/Users', 'GET, HEAD, POST'],
        ['POST', '/scim/v2/Schemas', 'GET, HEAD'],
        ['DELETE', '/scim/v2/ServiceProviderConfig', 'GET, HEAD'],
        ['GET', '/scim/v2/Users/.search', 'POST'],
        ['DELETE', '/scim/v2', 'GET, HEAD'],
        ['PATCH', '/scim/v2/ResourceTypes/User', 'GET, HEAD'],
        ['POST', '/readyz', 'GET, HEAD']
      ]
      for (const [method, path, allow] of cases) {
        const body = method === 'POST' || method === 'PUT' ? { body: '{broken' } : {}
        const answer = await server.send(method, path, body)
        isScimError(t, answer, 405)
        t.equal(answer.headers.get('allow'), allow, `${method} ${path}`)
      }
    }
  )

  t.test('HEAD answers as GET does, without the body', async (t) => {
    const answer = await server.send('HEAD', '/scim/v2/Users')
    t.equal(answer.status, 200)
    t.equal(answer.text, '')
    t.equal(answer.headers.get('content-type'), scimType)
    t.equal((await server.send('HEAD', '/scim/v2/Users/404')).status, 404)
  })

  t.test('RFC 7644 §3.11: /Me is 501 and says why', async (t) => {
    for (const [method, path] of [
      ['GET', '/scim/v2/Me'],
      ['PATCH', '/scim/v2/Me'],
      ['POST', '/scim/v2/Me'],
      ['DELETE', '/scim/v2/Me'],
      ['GET', '/scim/v2/Me/x']
    ] as const) {
      const body = method === 'POST' ? { body: '{broken' } : {}
      const answer = await server.send(method, path, body)
      isScimError(t, answer, 501)
      t.match(answer.body, { detail: /belongs to an identity provider/ })
    }
  })

  t.test('a badly encoded URL is a SCIM 400', async (t) => {
    isScimError(t, await server.send('GET', '/scim/v2/Users/%E0%A4%A'), 400)
  })

  t.test('a long id is just an unknown one', async (t) => {
    isScimError(t, await server.send('GET', `/scim/v2/Users/${'9'.repeat(5_000)}`), 404)
  })

  t.test('blanks and plus signs in queries arrive as they were meant', async (t) => {
    const answer = await server.send(
      'GET',
      '/scim/v2/Users?filter=userName+eq+%22a%2Bb%40example.com%22'
    )
    t.equal(answer.status, 200)
    t.match(JSON.stringify(server.users.calls.at(-1)), /"a\+b@example\.com"/)
  })
})

t.test('bodies', async (t) => {
  const server = await startServer(t, { bodyLimit: 2_000 })
  let count = 0
  const post = (contentType: string, body: string | Uint8Array<ArrayBuffer>, more = {}) =>
    fetch(`${server.url}/scim/v2/Users`, {
      method: 'POST',
      headers: { ...authorized, 'content-type': contentType, ...more },
      body
    }).then(async (response) => {
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: JSON.parse(text) as Answer['body']
      }
    })
  const somebody = () => JSON.stringify(person(`person-${(count += 1)}@example.com`))

  t.test('both media types are read, with any parameters and letter case', async (t) => {
    for (const type of [
      'application/scim+json',
      'application/scim+json; charset=utf-8',
      'application/scim+json;charset="UTF-8"',
      'Application/SCIM+JSON; Charset=Utf-8',
      'application/json',
      'APPLICATION/JSON;charset=utf-8'
    ]) {
      const answer = await post(type, somebody())
      t.equal(answer.status, 201, type)
      t.equal(answer.headers.get('content-type'), scimType)
    }
  })

  t.test('other media types, charsets and encodings are 415', async (t) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'nonsense',
      'application/json; charset=iso-8859-1'
    ]) {
      const answer = await post(type, somebody())
      isScimError(t, answer, 415)
      t.match(answer.body['detail'], /application\/scim\+json/)
    }
    isScimError(t, await post('application/json', somebody(), { 'content-encoding': 'gzip' }), 415)
  })

  t.test('a body without a media type is 415', async (t) => {
    const answer = await server.raw(
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n` +
        'Connection: close\r\nContent-Length: 2\r\n\r\n{}'
    )
    t.match(answer, /^HTTP\/1\.1 415 /)
  })

  t.test('what is no JSON is 400 invalidSyntax', async (t) => {
    for (const body of ['{broken', 'null null', '<user/>', '{"a":1,}']) {
      isScimError(t, await post('application/json', body), 400, 'invalidSyntax')
    }
  })

  t.test('an empty body is 400 invalidSyntax', async (t) => {
    for (const body of ['', '  \n']) {
      isScimError(t, await post('application/scim+json', body), 400, 'invalidSyntax')
    }
    for (const method of ['PUT', 'PATCH']) {
      isScimError(t, await server.send(method, '/scim/v2/Users/1001'), 400, 'invalidSyntax')
    }
  })

  t.test('keys that reach for a prototype are refused', async (t) => {
    for (const body of [
      '{"userName":"x","__proto__":{"active":true}}',
      '{"userName":"x","name":{"__proto__":{"a":1}}}',
      '{"constructor":{"prototype":{"a":1}}}'
    ]) {
      isScimError(t, await post('application/json', body), 400, 'invalidSyntax')
    }
  })

  t.test('extreme nesting is refused', async (t) => {
    const deep = '['.repeat(900) + ']'.repeat(900)
    isScimError(t, await post('application/json', `{"x":${deep}}`), 400, 'invalidSyntax')
  })

  t.test('bytes that are not UTF-8 are refused rather than changed', async (t) => {
    const latin1 = Uint8Array.from(Buffer.from('{"userName":"Jos\u00e9"}', 'latin1'))
    isScimError(t, await post('application/json', latin1), 400, 'invalidSyntax')
  })

  t.test('a byte order mark is no part of the text', async (t) => {
    t.equal((await post('application/json', `\uFEFF${somebody()}`)).status, 201)
  })

  t.test('a body over the limit is 413 and names the limit', async (t) => {
    const answer = await post('application/json', JSON.stringify({ userName: 'x'.repeat(2_000) }))
    isScimError(t, answer, 413)
    t.match(answer.body['detail'], /2000 bytes/)
  })

  t.test('a media type without a body is forgiven', async (t) => {
    const created = await post('application/json', somebody())
    const path = `/scim/v2/Users/${idOf(created)}`
    for (const type of ['application/scim+json', 'text/plain', 'nonsense']) {
      const answer = await server.send('GET', path, { headers: { 'content-type': type } })
      t.equal(answer.status, 200, type)
    }
    const answer = await server.raw(
      `DELETE ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n` +
        'Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n'
    )
    t.match(answer, /^HTTP\/1\.1 204 /)
  })
})

t.test('a PATCH of 10,000 members fits', async (t) => {
  const server = await startServer(t)
  const created = await server.send('POST', '/scim/v2/Groups', {
    body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Everyone' }
  })
  const members = Array.from({ length: 10_000 }, (_, index) => ({
    $ref: null,
    value: String(10_000_000_000 + index),
    display: `Person number ${index} of the enterprise`
  }))
  const answer = await server.send('PATCH', `/scim/v2/Groups/${idOf(created)}`, {
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'members', value: members }]
    }
  })
  t.equal(answer.status, 204)
  t.equal(server.groups.row(idOf(created)).members.length, 10_000)
})

t.test('what HTTP itself refuses', async (t) => {
  const server = await startServer(t, { maxHeaderBytes: 8_192, demo: true })

  t.test('headers over the limit are 431 and name the limit', async (t) => {
    const answer = await server.raw(
      `GET /scim/v2/Users?filter=${'x'.repeat(10_000)} HTTP/1.1\r\nHost: x\r\n\r\n`
    )
    t.match(answer, /^HTTP\/1\.1 431 /)
    t.match(answer, /content-type: application\/scim\+json; charset=utf-8\r\n/)
    t.match(answer, /x-correlation-id: request-\d+\r\n/)
    t.match(answer, /x-box-bridge: demo\r\n/)
    t.match(answer, /"status":"431"/)
    t.match(answer, /8192 bytes/)
  })

  t.test('what is no HTTP is 400', async (t) => {
    const answer = await server.raw('HELLO\r\n\r\n')
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.match(answer, /"schemas":\["urn:ietf:params:scim:api:messages:2\.0:Error"\]/)
  })

  t.test('a request without Host is 400', async (t) => {
    const answer = await server.raw('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')
    t.match(answer, /^HTTP\/1\.1 400 /)
    t.match(answer, /no Host header/)
  })

  t.test('a request that never ends is 408', async (t) => {
    const server = await startServer(t, { receiveTimeoutMs: 100 })
    const answer = await server.raw('GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\n')
    t.match(answer, /^HTTP\/1\.1 408 /)
    t.match(answer, /"status":"408"/)
  })
})

t.test('failures of the use cases', async (t) => {
  const server = await startServer(t)

  t.test('an unforeseen one is 500 without a word of it, and is logged', async (t) => {
    server.users.failure = new TypeError('secret of the house')
    const answer = await server.send('GET', '/scim/v2/Users')
    isScimError(t, answer, 500)
    t.notMatch(answer.text, /secret/)
    const correlationId = answer.headers.get('x-correlation-id') ?? ''
    t.match(answer.body['detail'], correlationId)
    const logged = server.log.find((line) => line['msg'] === 'request failed unexpectedly')
    t.match(logged, { correlationId, err: { message: 'secret of the house' } })
  })

  t.test('something thrown that is no error is 500 too', async (t) => {
    server.users.failure = 'just a text' as unknown as Error
    isScimError(t, await server.send('GET', '/scim/v2/Users'), 500)
  })

  t.test('trouble with Box carries Retry-After as whole seconds', async (t) => {
    for (const [trouble, status] of [
      ['rate-limited', 429],
      ['unavailable', 503]
    ] as const) {
      server.users.failure = new BoxUnavailableError('Box does not answer.', {
        trouble,
        effect: 'unknown',
        retryAfterSeconds: 12.2
      })
      const answer = await server.send('POST', '/scim/v2/Users', { body: person('a@example.com') })
      isScimError(t, answer, status)
      t.equal(answer.headers.get('retry-after'), '13')
    }
  })

  t.test('an import under way is 503 with Retry-After', async (t) => {
    server.users.failure = new ProvisioningError('importing', 'Reading the Box enterprise.')
    const answer = await server.send('GET', '/scim/v2/Users')
    isScimError(t, answer, 503)
    t.match(answer.headers.get('retry-after'), /^\d+$/)
  })

  t.test('a write that is never answered is 503 after its time', async (t) => {
    const server = await startServer(t, { answerTimeoutMs: 50 })
    server.users.create = () => new Promise(() => {})
    const answer = await server.send('POST', '/scim/v2/Users', { body: person('a@example.com') })
    isScimError(t, answer, 503)
    t.match(answer.headers.get('retry-after'), /^\d+$/)
  })
})

t.test('what the use cases and the log learn about a request', async (t) => {
  const server = await startServer(t)
  const answer = await server.send('POST', '/scim/v2/Users?attributes=userName', {
    body: { ...person('hidden@example.com'), password: 'hidden-password' },
    headers: { 'x-correlation-id': 'forged', 'x-request-id': 'forged', 'request-id': 'forged' }
  })
  const correlationId = answer.headers.get('x-correlation-id')
  t.match(correlationId, /^request-\d+$/)
  const { asked, ...context } = server.users.calls[0]?.context ?? {}
  t.same(context, { correlationId, actor: 'token-1', deadline: testNow + 25_000 })
  t.match(asked, { method: 'POST', route: '/scim/v2/Users', via: 'plain', source: '127.0.0.1' })
  const names = asked?.attributes().map(({ name }) => name)
  t.ok(names?.includes('userName') && names.includes('password'))

  const id = idOf(answer)
  await server.send('GET', `/scim/v2/Users/${id}?filter=hidden-filter`)
  await server.send('GET', '/nowhere?secret=hidden-query')
  await server.send('GET', '/scim/v2/Users/%E0%A4%A?secret=hidden-query')
  await server.app.close()

  const requests = server.log.filter((line) => line['msg'] === 'request answered')
  t.match(requests[0], {
    method: 'POST',
    route: '/scim/v2/Users',
    status: 201,
    actor: 'token-1',
    correlationId
  })
  t.type(requests[0]?.['ms'], 'number')
  t.match(requests[1], { method: 'GET', route: '/scim/v2/Users/:id', status: 200 })
  t.match(requests[2], { method: 'GET', status: 404, actor: '' })
  const logged = JSON.stringify(server.log)
  t.notMatch(logged, /hidden/)
  t.notMatch(logged, testToken)
  t.notMatch(logged, `/Users/${id}`)
  t.notMatch(logged, /forged/)
})

t.test('what is logged by mistake is redacted', async (t) => {
  const server = await startServer(t)
  server.app.log.info(
    {
      headers: { authorization: 'Bearer hidden' },
      password: 'hidden',
      body: { password: 'hidden' },
      req: { method: 'GET', url: '/?hidden', headers: { authorization: 'hidden' } }
    },
    'careless'
  )
  t.notMatch(JSON.stringify(server.log), /hidden/)
  t.match(server.log.at(-1), { password: '[redacted]', req: { method: 'GET' } })
})

t.test('the demo is recognised by every answer', async (t) => {
  const demo = await startServer(t, { demo: true })
  const real = await startServer(t)
  for (const path of ['/healthz', '/nowhere', '/scim/v2/Users', '/scim/v2/%zz']) {
    t.equal((await demo.send('GET', path)).headers.get('x-box-bridge'), 'demo', path)
    t.equal((await real.send('GET', path)).headers.get('x-box-bridge'), null, path)
  }
})

t.test('the base URL', async (t) => {
  t.test('follows a plain Host, and reflects no other', async (t) => {
    const server = await startServer(t)
    await server.send('POST', '/scim/v2/Users', { body: person('a@example.com') })
    const local = `http://127.0.0.1:${server.port}`
    const cases: readonly (readonly [string | undefined, string])[] = [
      [undefined, local],
      ['scim.example.com', 'http://scim.example.com'],
      ['bridge_1:8080', 'http://bridge_1:8080'],
      ['[::1]:8080', 'http://[::1]:8080'],
      ['<script>', local],
      ['example.com/evil', local],
      ['user@example.com', local],
      ['example.com:80:80', local],
      ['-example.com', local],
      ['', local]
    ]
    for (const [host, base] of cases) {
      t.equal(await locationFor(server.port, host), `${base}/scim/v2/Users/1001`, String(host))
    }
  })

  t.test('is the public URL where there is one, with or without the SCIM path', async (t) => {
    for (const publicUrl of [
      'https://scim.example.com',
      'https://scim.example.com/',
      'https://scim.example.com/scim/v2',
      'https://scim.example.com/scim/v2//'
    ]) {
      const server = await startServer(t, { publicUrl })
      await server.send('POST', '/scim/v2/Users', { body: person('a@example.com') })
      t.equal(
        await locationFor(server.port, 'other.example.com'),
        'https://scim.example.com/scim/v2/Users/1001'
      )
    }
  })
})

t.test('closing lets a request finish and answers it', async (t) => {
  const server = await startServer(t)
  const { promise: searching, resolve: arrived } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const search = server.users.search.bind(server.users)
  server.users.search = async (request) => {
    arrived()
    await released
    return search(request)
  }
  const answer = server.send('GET', '/scim/v2/Users')
  await searching
  const closed = server.app.close()
  release()
  t.equal((await answer).status, 200)
  await closed
  await t.rejects(server.send('GET', '/healthz'))
})

t.test(
  'a request that arrives on an open connection while closing is answered as ever',
  async (t) => {
    const server = await startServer(t)
    const released = Promise.withResolvers<void>()
    const arrivals = new EventEmitter()
    const search = server.users.search.bind(server.users)
    server.users.search = async (request) => {
      arrivals.emit('arrival')
      await released.promise
      return search(request)
    }
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    const received = text(socket)
    const ask = () => {
      const arrival = once(arrivals, 'arrival')
      socket.write(
        `GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n\r\n`
      )
      return arrival
    }

    await ask()
    const closed = server.app.close()
    while (server.app.server.listening) await new Promise(setImmediate)
    await ask()
    released.resolve()
    const statusLines = (await received).match(/HTTP\/1\.1 \d+/g)
    t.same(statusLines, ['HTTP/1.1 200', 'HTTP/1.1 200'])
    await closed
  }
)
