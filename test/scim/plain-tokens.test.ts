import t from 'tap'
import { parseCredentials } from '../../src/scim/access/credentials.ts'
import { createPlainTokenCheck } from '../../src/scim/access/plain-tokens.ts'

const check = createPlainTokenCheck(['first-token-0123456', 'second-token-012345'])
const actorOf = async (secret: string) =>
  (await check({ name: undefined, secret }, '192.0.2.1'))?.actor

t.test('names the caller by the place of the token', async (t) => {
  t.equal(await actorOf('first-token-0123456'), 'token-1')
  t.equal(await actorOf('second-token-012345'), 'token-2')
})

t.test('knows nobody else', async (t) => {
  const strangers = ['', 'FIRST-TOKEN-0123456', 'first-token-012345', 'first-token-01234567']
  for (const secret of strangers) t.equal(await actorOf(secret), undefined, secret)
  const named = await check({ name: 'token-1', secret: 'first-token-0123456' }, '192.0.2.1')
  t.equal(named, undefined, 'and no user name')
})

t.test('without tokens nobody is known', async (t) => {
  t.equal(createPlainTokenCheck([])({ name: undefined, secret: '' }, '192.0.2.1'), undefined)
})

t.test('reads the Authorization header (RFC 6750 §2.1, RFC 7617 §2)', async (t) => {
  const read: readonly [string, unknown][] = [
    ['Bearer abc', { name: undefined, secret: 'abc' }],
    ['bearer   abc  ', { name: undefined, secret: 'abc' }],
    [`Basic ${btoa('okta:a:b')}`, { name: 'okta', secret: 'a:b' }],
    [`basic ${btoa('okta:')}`, { name: 'okta', secret: '' }],
    ['', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['abc', undefined],
    ['Bearer abc more', undefined],
    ['Bearer a,Bearer b', undefined],
    [`Basic ${btoa('nothing')}`, undefined],
    ['Basic %%%', undefined]
  ]
  for (const [header, credentials] of read)
    t.strictSame(parseCredentials(header), credentials, header)
})
