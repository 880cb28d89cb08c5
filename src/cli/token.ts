import type { Operator } from '../compose/operator.ts'
import { accessScopes, type AccessScope } from '../lib/access-scopes.ts'
import { systemClock, type EpochMs } from '../lib/clock.ts'
import { isNetwork } from '../lib/networks.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { moment } from './words.ts'

/** What `box-scim token create` takes besides the name. */
export interface TokenOptions {
  /** Separated by commas. */
  readonly scopes: string
  readonly network: readonly string[]
  readonly expires: string
}

const dayMs = 86_400_000

/** Makes a token and prints it, which is the only time that it is shown. */
export function createToken(io: CommandIo, name: string, options: TokenOptions): Promise<number> {
  return runCommand(io, async () => {
    const expiresAt = expiryOf(options.expires, systemClock.now())
    const request = {
      name,
      scopes: scopesOf(options.scopes),
      networks: networksOf(options.network),
      expiresAt
    }
    const token = await operatorOf(io).makeToken(request)
    io.out(token)
    const until = expiresAt === undefined ? 'does not expire' : `expires ${moment(expiresAt)}`
    io.err(`This is shown once; the directory keeps only its hash. It ${until}.`)
  })
}

/** Lists the tokens, for a person or as JSON. */
export function listTokens(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  return runCommand(io, async () => {
    const tokens = await operatorOf(io).listTokens()
    if (options.json === true) io.out(JSON.stringify(tokens, null, 2))
    else if (tokens.length === 0) io.out('There are no tokens.')
    else for (const token of tokens) io.out(describe(token))
  })
}

/** Ends a token. */
export function revokeToken(io: CommandIo, name: string): Promise<number> {
  return runCommand(io, async () => {
    await operatorOf(io).revokeToken(name)
    io.out(`${name} is revoked: a running bridge refuses it within two seconds.`)
  })
}

type Shown = Awaited<ReturnType<Operator['listTokens']>>[number]

function describe({ name, state, scopes, networks, ...times }: Shown): string {
  const { expiresAt, lastUsedAt } = times
  return [
    `${name}: ${state}`,
    `scopes ${scopes.join(' ')}`,
    ...(networks.length === 0 ? [] : [`from ${networks.join(' ')}`]),
    expiresAt === undefined ? 'does not expire' : `until ${moment(expiresAt)}`,
    lastUsedAt === undefined ? 'never used' : `last used ${moment(lastUsedAt)}`
  ].join(', ')
}

function scopesOf(list: string): readonly AccessScope[] {
  const asked = list.split(',').map((scope) => scope.trim())
  const known = accessScopes.filter((scope) => asked.includes(scope))
  if (known.length === asked.length) return known
  throw new Error(`--scopes takes ${accessScopes.join(', ')}, separated by commas.`)
}

function networksOf(list: readonly string[]): readonly string[] {
  if (list.every(isNetwork)) return list
  throw new Error('--network takes an IP address or a CIDR block, e.g. 192.0.2.0/24.')
}

/** `90d`, a date, or `never`. */
function expiryOf(text: string, now: EpochMs): EpochMs | undefined {
  if (text === 'never') return undefined
  const days = /^(\d{1,4})d$/.exec(text)?.[1]
  const at = days === undefined ? Date.parse(text) : now + Number(days) * dayMs
  if (Number.isNaN(at) || at <= now) {
    throw new Error('--expires takes a number of days such as 90d, a future date, or never.')
  }
  return at
}
