import type { FastifyRequest } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Assertions } from './assertions.ts'
import type { CallLog } from './call-log.ts'
import type { Enterprise } from './enterprise.ts'
import { noMisfortune } from './faults.ts'
import type { Faults, Misfortune } from './faults.ts'
import type { Guesses } from './guesses.ts'
import type { RateWindow } from './rate-window.ts'
import type { Authorisation } from './scopes.ts'
import type { Credentials } from './seed.ts'
import type { Caller, Tokens } from './tokens.ts'

/** What all routes of one emulator share. */
export interface EmulatorContext {
  readonly clock: Clock
  readonly random: Random
  readonly guesses: Guesses
  readonly credentials: Credentials
  readonly tokenLifetimeSeconds: number
  readonly tokens: Tokens
  readonly rateWindow: RateWindow
  readonly faults: Faults
  readonly calls: CallLog
  readonly assertions: Assertions
  /** What the application may do; see `Authorisation`. */
  scopes: Authorisation['scopes']
  manages: Authorisation['manages']
  isAuthorised: Authorisation['isAuthorised']
  access: Authorisation['access']
  /** Replaced by a reset. */
  enterprise: Enterprise
}

/** Names of the facts that hooks attach to a request. */
export const requestFacts = { caller: 'caller', misfortune: 'misfortune' } as const

/** Who calls; only within `/2.0`, where a token is required. */
export function callerOf(request: FastifyRequest): Caller {
  return request.getDecorator<Caller>(requestFacts.caller)
}

/** What befalls the call. */
export function misfortuneOf(request: FastifyRequest): Misfortune {
  return request.getDecorator<Misfortune | null>(requestFacts.misfortune) ?? noMisfortune
}

/** The path as it was called, without the query. */
export function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark)
}

/** The query as it was called, without the question mark. */
export function queryTextOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1)
}

/** The query parameters of a call. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(queryTextOf(request.url))
}

/** The path parameter `name`. */
export function paramOf(request: FastifyRequest, name: string): string {
  const params = request.params as Readonly<Record<string, string>>
  return params[name] ?? ''
}
