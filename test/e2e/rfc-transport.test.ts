import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { person, scimClient } from '../helpers/scim-client.ts'

const bridge = await startBridge(t)
const scim = scimClient(bridge)
const json = JSON.stringify(person('jo@example.com'))
const { body: jo } = await scim.post('/Users', JSON.parse(json) as object)
const path = `/Users/${String(jo['id'])}`

/** Sends a request as it is, with the token unless `headers` say otherwise. */
function send(method: string, url: string, headers: Record<string, string> = {}, body?: string) {
  return fetch(url.startsWith('http') ? url : bridge.baseUrl + url, {
    method,
    redirect: 'manual',
    headers: { authorization: `Bearer ${bridge.token}`, ...headers },
    ...(body === undefined ? {} : { body })
  })
}

t.test(
  'RFC 7644 §3.8: answers are application/scim+json in UTF-8, whatever is accepted',
  async (t) => {
    for (const accept of [
      'application/scim+json',
      'application/json',
      'application/scim+json, application/json;q=0.5',
      '*/*',
      'text/html'
    ]) {
      const answer = await send('GET', path, { accept })
      t.equal(answer.status, 200, accept)
      t.equal(answer.headers.get('content-type'), 'application/scim+json; charset=utf-8', accept)
    }
  }
)

t.test(
  'RFC 7644 §3.8: bodies are read in both media types, with and without a charset',
  async (t) => {
    for (const type of [
      'application/scim+json',
      'application/scim+json; charset=utf-8',
      'application/json',
      'application/json;charset=UTF-8',
      'Application/SCIM+JSON'
    ]) {
      const answer = await send('PUT', path, { 'content-type': type }, json)
      t.equal(answer.status, 200, type)
    }
  }
)

t.test('RFC 7644 §3.12: whatever refuses a request, the answer is a SCIM error', async (t) => {
  const big = { 'content-type': 'application/scim+json' }
  const refusals: readonly (readonly [number, Promise<Response>])[] = [
    [400, send('POST', '/Users', big, '{broken')],
    [401, send('GET', '/Users', { authorization: 'Bearer wrong-token-0123456789' })],
    [404, send('GET', '/Users/0')],
    [404, send('GET', '/Nowhere')],
    [404, send('GET', `${bridge.url}/elsewhere`)],
    [405, send('DELETE', '/Users')],
    [409, send('POST', '/Users', big, json)],
    [412, send('DELETE', path, { 'if-match': 'W/"999"' })],
    [413, send('POST', '/Bulk', big, `{"x":"${'x'.repeat(1_100_000)}"}`)],
    [415, send('POST', '/Users', { 'content-type': 'text/plain' }, json)],
    [431, send('GET', `/Users?x=${'x'.repeat(40_000)}`)],
    [501, send('GET', '/Me')]
  ]
  for (const [status, refusal] of refusals) {
    const answer = await refusal
    t.equal(answer.status, status)
    t.match(answer.headers.get('content-type'), /^application\/scim\+json/)
    t.match(await answer.json(), {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      detail: /\w/
    })
  }
})

t.test('RFC 7644 §2: a 401 names the scheme', async (t) => {
  for (const authorization of ['', 'Basic dTpw', 'Bearer wrong-token-0123456789', 'non-token']) {
    const answer = await send('GET', '/Users', { authorization })
    t.equal(answer.status, 401, authorization)
    t.match(answer.headers.get('www-authenticate'), /^Bearer realm=/)
  }
})

t.test('RFC 7644 §3.4.2: query parameters that nobody knows are ignored', async (t) => {
  const plain = await (await send('GET', '/Users')).json()
  const odd = await (await send('GET', '/Users?x=1&api-version=2&aadOptscim062020')).json()
  t.strictSame(odd, plain)
})

t.test('RFC 7644 §3.13: another version of the protocol is invalidVers', async (t) => {
  for (const version of ['v1', 'v1.1', 'v3', 'V1']) {
    const answer = await send('GET', `${bridge.url}/scim/${version}/Users`)
    t.equal(answer.status, 400, version)
    t.match(await answer.json(), { scimType: 'invalidVers', detail: /\/scim\/v2/ })
  }
})

t.test('RFC 7644 §3.12: nothing is redirected, so that no method or body is lost', async (t) => {
  for (const url of ['/Users/', '//Users', '/users', '', '/', `${bridge.url}/scim`, bridge.url]) {
    const { status } = await send('GET', url)
    t.notOk(status >= 300 && status < 400, `${url}: ${status}`)
  }
})
