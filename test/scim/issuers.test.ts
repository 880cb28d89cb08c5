import t from 'tap'
import { systemClock } from '../../src/lib/clock.ts'
import { createIssuerCheck } from '../../src/scim/access/issuers.ts'
import { audience, client, startIssuer } from '../helpers/oidc-issuer.ts'

t.test(
  'a key that is taken later is read when a token names it, and an old one ends',
  async (t) => {
    const issuer = await startIssuer(t)
    const trusted = {
      issuer: issuer.url,
      audience,
      clients: [client],
      scopes: ['users'] as const,
      networks: [],
      jwksUrl: undefined
    }
    const check = createIssuerCheck([trusted], { clock: systemClock, cooldownMs: 0 })
    const actorOf = async (secret: string) =>
      (await check({ name: undefined, secret }, '127.0.0.1'))?.actor

    const old = await issuer.sign()
    t.equal(await actorOf(old), `client:${client}`)
    await issuer.rotate({ forget: true })
    t.equal(await actorOf(await issuer.sign()), `client:${client}`)
    t.equal(await actorOf(old), undefined, 'the key is no longer published')

    const reads = issuer.reads
    const slow = createIssuerCheck([trusted], { clock: systemClock })
    for (let n = 0; n < 10; n += 1) {
      await slow({ name: undefined, secret: await issuer.sign({}, { kid: `made-up-${n}` }) }, '::1')
    }
    t.equal(issuer.reads, reads + 1, 'made-up key ids do not make it ask all the time')
  }
)
