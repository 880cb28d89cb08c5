import t from 'tap'
import { createTokenBook } from '../../src/background/token-book.ts'
import { makeToken, revokeToken } from '../../src/provisioning/tokens.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openDirectory } from '../../src/store/open.ts'
import { alertsInLog } from '../helpers/alerts-in-log.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'

const dayMs = 86_400_000

t.test(
  'a token is warned about 30, 14, 7, 3 days and a day before its end, once each',
  async (t) => {
    const { log, lines } = createMemoryLog()
    const begin = Date.UTC(2030, 0, 1)
    let now = begin
    const clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody sleeps here')) }
    const identity = { boxHost: 'box.example.com', enterpriseId: '1' }
    const directory = await openDirectory({ url: 'file::memory:', identity, clock, log })
    t.teardown(() => directory.close())
    const dependencies = { directory, clock, random: systemRandom }
    const made = (name: string, days?: number) =>
      makeToken(dependencies, {
        name,
        scopes: ['users'],
        networks: [],
        expiresAt: days === undefined ? undefined : begin + days * dayMs
      })
    await made('okta', 40)
    await made('revoked', 40)
    await made('endless')
    await revokeToken(dependencies, 'revoked')
    const book = createTokenBook({ directory, clock, log, alerts: alertsInLog(log) })
    lines.length = 0

    const warned: (readonly [days: number, alert: unknown])[] = []
    for (let day = 0; day <= 45; day += 1) {
      now = begin + day * dayMs
      for (let times = 0; times < 3; times += 1) await book.refresh()
      for (const { fields } of lines.splice(0)) {
        const { alert, token } = fields as { readonly alert: string; readonly token: string }
        t.equal(token, 'okta')
        warned.push([40 - day, alert])
      }
    }
    t.strictSame(warned, [
      [30, 'token-expiring'],
      [14, 'token-expiring'],
      [7, 'token-expiring'],
      [3, 'token-expiring'],
      [1, 'token-expiring'],
      [0, 'token-expired']
    ])
    t.strictSame(book.ending(), [{ name: 'okta', expiresAt: begin + 40 * dayMs }])
    t.strictSame(
      book.live().map(({ name }) => name),
      ['endless']
    )
  }
)
