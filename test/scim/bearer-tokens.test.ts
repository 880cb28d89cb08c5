import t from 'tap'
import { bearerToken, createTokenCheck } from '../../src/scim/bearer-tokens.ts'

const check = createTokenCheck(['first-token-0123456', 'second-token-012345'])

t.test('names the caller by the place of the token', async (t) => {
  t.same(check('Bearer first-token-0123456'), { actor: 'token-1' })
  t.same(check('Bearer second-token-012345'), { actor: 'token-2' })
})

t.test('takes the scheme in any letter case and blanks around', async (t) => {
  for (const header of ['bearer first-token-0123456', 'BEARER   first-token-0123456  ']) {
    t.same(check(header), { actor: 'token-1' }, header)
  }
})

t.test('knows nobody else', async (t) => {
  const strangers = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'non-token',
    'first-token-0123456',
    'Basic first-token-0123456',
    'Bearer first-token-0123456 more',
    'Bearer FIRST-TOKEN-0123456',
    'Bearer first-token-012345',
    'Bearer first-token-01234567',
    'Bearer first-token-0123456,Bearer second-token-012345'
  ]
  for (const header of strangers) t.equal(check(header), undefined, String(header))
})

t.test('without tokens nobody is known', async (t) => {
  const nobody = createTokenCheck([])
  t.equal(nobody('Bearer '), undefined)
  t.equal(nobody('Bearer x'), undefined)
})

t.test('reads the token from the header', async (t) => {
  t.equal(bearerToken('Bearer abc'), 'abc')
  t.equal(bearerToken('abc'), undefined)
})
