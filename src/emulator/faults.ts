import type { Milliseconds } from '../lib/clock.ts'

/** Which calls a fault befalls. */
interface FaultScope {
  /** How many of the matching calls; default all, until cleared. */
  readonly times?: number
  /** Only this HTTP method; default any. */
  readonly method?: string
  /**
   * Only paths of this form, e.g. `/2.0/users/:id` or `/2.0/*`: `:name` stands for one segment, `*`
   * for anything; the query does not count. Default any path.
   */
  readonly path?: string
}

/** An answer in place of Box's own, or none at all. */
export type DisruptionKind =
  | 'rate-limited'
  | 'server-error'
  | 'insufficient-scope'
  | 'html-502'
  | '503-before'
  | '503-after'
  | 'reset-before'
  | 'reset-after'

/**
 * Something that goes wrong. `…-before` happens before the call has any effect, `…-after` once it
 * has had it.
 *
 * - `rate-limited`: 429 with `retry-after` (default 1 s) · `server-error`: 500
 * - `insufficient-scope`: 403, as if the application lacked a scope
 * - `html-502`: 502 with a page of HTML · `503-before`, `503-after`: 503, with `retry-after` if given
 * - `reset-before`, `reset-after`: the connection is reset instead of an answer
 * - `delay`, `delay-after`: waits before, or after, the call has its effect; then goes on as usual
 * - `list-delay`: users and groups created meanwhile show up in lists only after `ms`
 * - `short-token`: tokens issued meanwhile live for `seconds`
 * - `notification-email-array`: an unset notification e-mail reads `[]` instead of null
 * - `numeric-phone`: a phone number reads as a JSON number
 */
export type Fault = FaultScope &
  (
    | {
        readonly kind: 'rate-limited' | '503-before' | '503-after'
        readonly retryAfterSeconds?: number
      }
    | {
        readonly kind:
          'server-error' | 'insufficient-scope' | 'html-502' | 'reset-before' | 'reset-after'
      }
    | { readonly kind: 'delay' | 'delay-after' | 'list-delay'; readonly ms: Milliseconds }
    | { readonly kind: 'short-token'; readonly seconds: number }
    | { readonly kind: 'notification-email-array' | 'numeric-phone' }
  )

type FaultKind = Fault['kind']

/** What befalls one call. */
export interface Misfortune {
  readonly disruption:
    { readonly kind: DisruptionKind; readonly retryAfterSeconds: number | undefined } | undefined
  readonly delayBefore: Milliseconds
  readonly delayAfter: Milliseconds
  readonly listDelay: Milliseconds | undefined
  readonly tokenSeconds: number | undefined
  readonly notificationEmailArray: boolean
  readonly numericPhone: boolean
}

/** The usual case. */
export const noMisfortune: Misfortune = {
  disruption: undefined,
  delayBefore: 0,
  delayAfter: 0,
  listDelay: undefined,
  tokenSeconds: undefined,
  notificationEmailArray: false,
  numericPhone: false
}

interface ArmedFault {
  readonly fault: Fault
  readonly matches: (method: string, path: string) => boolean
  left: number
}

/** Faults that can only befall some calls leave the others alone and are not used up by them. */
const CAN_BEFALL: Partial<Record<FaultKind, (method: string, path: string) => boolean>> = {
  'short-token': (_method, path) => path === '/oauth2/token',
  'list-delay': (method, path) => method === 'POST' && /^\/2\.0\/(users|groups)$/.test(path),
  'notification-email-array': showsUsers,
  'numeric-phone': showsUsers
}

function showsUsers(method: string, path: string): boolean {
  return method !== 'DELETE' && /^\/2\.0\/users(\/[^/]+)?$/.test(path)
}

/**
 * The faults that are armed. Which call a fault befalls depends on nothing but the order of faults
 * and calls: the oldest fault that matches goes first, a call meets at most one answer in place of
 * Box's own, and the delays of all that match add up.
 */
export class Faults {
  #armed: ArmedFault[] = []

  /** Arms a fault. Throws a `TypeError` when `times` is not a positive whole number. */
  add(fault: Fault): void {
    const times = fault.times ?? Number.POSITIVE_INFINITY
    if (times < 1 || (Number.isFinite(times) && !Number.isInteger(times))) {
      throw new TypeError(`times is to be a positive whole number, not ${times}`)
    }
    this.#armed.push({ fault, matches: matcher(fault), left: times })
  }

  /** Disarms all faults. */
  clear(): void {
    this.#armed = []
  }

  /** The armed faults with what is left of them. */
  get armed(): readonly Fault[] {
    return this.#armed.map(({ fault, left }) =>
      Number.isFinite(left) ? { ...fault, times: left } : fault
    )
  }

  /** Decides what befalls a call, and uses up the faults that do. */
  befall(method: string, path: string): Misfortune {
    if (this.#armed.length === 0) return noMisfortune
    let misfortune = noMisfortune
    for (const armed of this.#armed) {
      if (!armed.matches(method, path)) continue
      const next = addFault(misfortune, armed.fault)
      if (next === misfortune) continue
      misfortune = next
      armed.left -= 1
    }
    this.#armed = this.#armed.filter(({ left }) => left > 0)
    return misfortune
  }
}

/** Adds a fault to what befalls a call; returns `misfortune` itself when there is no room for it. */
function addFault(misfortune: Misfortune, fault: Fault): Misfortune {
  if (isDisruption(fault)) return disrupted(misfortune, fault)
  switch (fault.kind) {
    case 'delay':
      return { ...misfortune, delayBefore: misfortune.delayBefore + fault.ms }
    case 'delay-after':
      return { ...misfortune, delayAfter: misfortune.delayAfter + fault.ms }
    case 'list-delay':
      return { ...misfortune, listDelay: (misfortune.listDelay ?? 0) + fault.ms }
    case 'short-token':
      return misfortune.tokenSeconds === undefined
        ? { ...misfortune, tokenSeconds: fault.seconds }
        : misfortune
    case 'notification-email-array':
      return { ...misfortune, notificationEmailArray: true }
    case 'numeric-phone':
      break
  }
  return { ...misfortune, numericPhone: true }
}

const DISRUPTIONS: ReadonlySet<string> = new Set<DisruptionKind>([
  'rate-limited',
  'server-error',
  'insufficient-scope',
  'html-502',
  '503-before',
  '503-after',
  'reset-before',
  'reset-after'
])

type DisruptingFault = Extract<Fault, { readonly kind: DisruptionKind }>

const isDisruption = (fault: Fault): fault is DisruptingFault => DISRUPTIONS.has(fault.kind)

function disrupted(misfortune: Misfortune, fault: DisruptingFault): Misfortune {
  if (misfortune.disruption !== undefined) return misfortune
  const retryAfterSeconds = 'retryAfterSeconds' in fault ? fault.retryAfterSeconds : undefined
  return { ...misfortune, disruption: { kind: fault.kind, retryAfterSeconds } }
}

function matcher(fault: Fault): ArmedFault['matches'] {
  const canBefall = CAN_BEFALL[fault.kind]
  const method = fault.method?.toUpperCase()
  const path = fault.path === undefined ? undefined : pathPattern(fault.path)
  return (calledMethod, calledPath) =>
    (method === undefined || method === calledMethod) &&
    (path === undefined || path.test(calledPath)) &&
    (canBefall === undefined || canBefall(calledMethod, calledPath))
}

function pathPattern(path: string): RegExp {
  const source = path
    .replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll(/:[A-Za-z_]+/g, '[^/]+')
  return new RegExp(`^${source}$`)
}
