import t from 'tap'
import { isNetwork, networksOf } from '../../src/lib/networks.ts'

t.test('knows what is a network (RFC 4632)', async (t) => {
  for (const text of ['192.0.2.1', '192.0.2.0/24', '0.0.0.0/0', '2001:db8::/32', '::1']) {
    t.ok(isNetwork(text), text)
  }
  const others = [
    '',
    '192.0.2',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/8/8',
    '::/129',
    'a.example.com'
  ]
  for (const text of others) t.notOk(isNetwork(text), text)
})

t.test('tells which addresses are in them', async (t) => {
  const networks = networksOf(['192.0.2.0/24', '198.51.100.7', '2001:db8:1::/48'])
  for (const address of [
    '192.0.2.200',
    '192.0.2.200:49152',
    '::ffff:192.0.2.200',
    '198.51.100.7',
    '2001:db8:1:2::3',
    '[2001:db8:1:2::3]',
    '[2001:db8:1:2::3]:49152'
  ]) {
    t.ok(networks.includes(address), address)
  }
  for (const address of [
    '192.0.3.1',
    '198.51.100.8',
    '2001:db8:2::3',
    '',
    'localhost',
    'unknown',
    '192.0.2.200, 192.0.2.201',
    '[192.0.2.200'
  ]) {
    t.notOk(networks.includes(address), address)
  }
  t.notOk(networksOf([]).includes('192.0.2.1'))
})
