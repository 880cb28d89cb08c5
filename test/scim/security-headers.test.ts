import { readFileSync } from 'node:fs'
import t from 'tap'
import { securityHeaders } from '../../src/scim/plugins/security-headers.ts'
import { startServer } from './server.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }

/** What would let pages of other origins in, or tell what the server is made of. */
const unwanted =
  /^(access-control-|server$|via$|x-powered-by$|x-aspnet|x-runtime|x-version|strict-transport)/

t.test('every answer has the security headers, no CORS and no version', async (t) => {
  const server = await startServer(t, { maxHeaderBytes: 8_192 })
  const origin = { origin: 'https://page.example.com' }
  const preflight = { ...origin, 'access-control-request-method': 'POST' }
  server.users.failure = new TypeError('at secret (file.ts:1:1)')
  const failed = await server.send('GET', '/scim/v2/Users', { headers: origin })
  server.users.failure = undefined
  const answers = {
    'a list': await server.send('GET', '/scim/v2/Users', { headers: origin }),
    'a preflight request': await server.send('OPTIONS', '/scim/v2/Users', { headers: preflight }),
    'a configuration': await server.send('GET', '/scim/v2/ServiceProviderConfig'),
    'somebody unknown': await server.send('GET', '/scim/v2', { headers: { authorization: '' } }),
    'an unknown path': await server.send('GET', '/nowhere'),
    'a broken URL': await server.send('GET', '/scim/v2/%E0%A4%A'),
    'a failure': failed,
    health: await server.send('GET', '/healthz'),
    readiness: await server.send('GET', '/readyz')
  }
  for (const [what, { headers, text }] of Object.entries(answers)) {
    for (const [name, value] of Object.entries(securityHeaders)) {
      t.equal(headers.get(name), value, `${what}: ${name}`)
    }
    t.same(
      [...headers.keys()].filter((name) => unwanted.test(name)),
      [],
      what
    )
    t.notMatch([...headers.values()].join(' ') + text, /fastify|node\.js|node\/|\bat \S+ \(/i, what)
    t.notOk((text + [...headers.values()].join(' ')).includes(`"${version}"`), what)
  }
  t.equal(answers['a preflight request'].status, 405)

  const refused = await server.raw(`GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  t.match(refused, /^HTTP\/1\.1 431 /, 'what the parser refuses')
  for (const [name, value] of Object.entries(securityHeaders)) {
    t.ok(refused.includes(`${name}: ${value}\r\n`), name)
  }
})
