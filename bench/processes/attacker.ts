import autocannon from 'autocannon'
import { serveMessages } from './messages.ts'

/** What an attack is to be like. */
export interface Attack {
  readonly origin: string
  readonly path: string
  readonly connections: number
  readonly seconds: number
}

/** What came of it. */
export interface AttackResult {
  /** Tokens that were tried in a second, whatever the answer. */
  readonly perSecond: number
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>
}

/** As many different tokens are tried in turn. */
const variety = 1_000

/** Somebody who tries tokens, in a process of its own: `begin` starts an attack, `result` waits for its end. */
let attack: Promise<AttackResult> | undefined

async function tryTokens({ origin, path, connections, seconds }: Attack): Promise<AttackResult> {
  const result = await autocannon({
    url: origin,
    connections,
    duration: seconds,
    requests: Array.from({ length: variety }, (_, n) => ({
      method: 'GET',
      path,
      headers: { authorization: `Bearer a-wrong-token-${n}` }
    }))
  })
  const { statusCodeStats = {} } = result
  return {
    perSecond: result.requests.total / result.duration,
    statuses: Object.fromEntries(
      Object.entries(statusCodeStats).map(([status, { count }]) => [status, count ?? 0])
    )
  }
}

serveMessages({
  begin: (options) => {
    attack = tryTokens(options as Attack)
    return null
  },
  result: () => attack
})
