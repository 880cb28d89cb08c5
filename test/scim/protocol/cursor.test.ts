import { test } from 'tap'
import { keepSecret } from '../../../src/provisioning/secrets.ts'
import { createCursors } from '../../../src/scim/protocol/cursor.ts'
import { openDirectory } from '../../../src/store/open.ts'

const scope = { search: '["User",null]', count: 10 }
const position = { key: 'Zoë "x"', created: 1_700_000_000_000, id: '12345678901234567890' }

function setUp(secret = 'secret') {
  const time = { now: 1_000 }
  const cursors = createCursors({ secret, now: () => time.now, timeoutMs: 500 })
  return { time, cursors, cursor: cursors.write(position, scope) }
}

void test('RFC 9865 §2: a cursor is unreserved characters and stands for a position', async (t) => {
  const { cursors, cursor } = setUp()
  t.match(cursor, /^[A-Za-z0-9._~-]+$/)
  t.strictSame(cursors.read(cursor, scope), position)
  t.equal(cursors.read('', scope), undefined, 'the first page')
  const others = [
    { ...position, key: null },
    { ...position, key: -0.5, resourceType: 'Group' as const }
  ]
  for (const other of others) t.strictSame(cursors.read(cursors.write(other, scope), scope), other)
})

void test('RFC 9865 §2.1: what is no cursor of this search is invalidCursor', async (t) => {
  const { cursors, cursor } = setUp()
  const [payload = '', mac = ''] = cursor.split('.')
  const forged = Buffer.from('[10,99999999,null,null,1,"1"]').toString('base64url')
  const wanted = { name: 'ScimError', status: 400, scimType: 'invalidCursor' }
  for (const text of [
    'x',
    '.',
    payload,
    `${payload}.`,
    `.${mac}`,
    `${forged}.${mac}`,
    `${cursor}.`,
    `${cursor}A`,
    `${payload}.${mac.slice(0, 8)}`,
    setUp('another secret').cursor
  ]) {
    t.throws(() => cursors.read(text, scope), wanted, text)
  }
  t.throws(() => cursors.read(cursor, { ...scope, search: '["Group",null]' }), wanted)
})

void test('RFC 9865 §2.1: a cursor ends with its time, and goes with its count', async (t) => {
  const { cursors, cursor, time } = setUp()
  t.throws(() => cursors.read(cursor, { ...scope, count: 11 }), {
    name: 'ScimError',
    status: 400,
    scimType: 'invalidCount'
  })
  time.now += 500
  t.strictSame(cursors.read(cursor, scope), position)
  time.now += 1
  t.throws(() => cursors.read(cursor, scope), {
    name: 'ScimError',
    status: 400,
    scimType: 'expiredCursor'
  })
})

void test('RFC 9865 §2: the secret stays, and with it the cursors', async (t) => {
  const directory = await openDirectory({
    url: 'file::memory:',
    identity: { boxHost: 'api.box.com', enterpriseId: '42' },
    clock: { now: () => 0, sleep: async () => {} },
    log: { info() {}, warn() {}, error() {}, debug() {} }
  })
  let count = 0
  const random = { fraction: () => 0, uuid: () => '', secret: () => `secret ${(count += 1)}` }
  const first = await keepSecret(directory, random, 'cursors')
  t.equal(await keepSecret(directory, random, 'cursors'), first)
  t.not(await keepSecret(directory, random, 'others'), first)
  await directory.close()
})
