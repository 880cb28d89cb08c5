import type { Clock, EpochMs, Milliseconds } from '../../lib/clock.ts'
import { plainAddress } from '../../lib/networks.ts'

/** Counts requests that presented nothing acceptable, by where they came from. */
export interface FailureLimit {
  /** Counts one more; the whole seconds to wait where there are too many, else undefined. */
  failed(address: string): number | undefined
}

/** So many failures of one source are answered 401; then one more for each interval. */
export const failureLimits = { burst: 30, intervalMs: 2_000 as Milliseconds } as const

/** Sources that are remembered at a time; the one not seen for longest is forgotten first. */
const rememberedSources = 10_000

/**
 * Creates the count. Only failures are held up: whoever has a good token gets in from any source, also
 * from one that others try tokens from.
 */
export function createFailureLimit(clock: Clock): FailureLimit {
  /** When the source has none counted any more, by source (generic cell rate algorithm). */
  const clear = new Map<string, EpochMs>()
  const { burst, intervalMs } = failureLimits
  return {
    failed(address) {
      const source = sourceOf(address)
      const now = clock.now()
      // No more than the burst counts, also where the clock was set back.
      const counted = Math.min(clear.get(source) ?? 0, now + burst * intervalMs)
      const next = Math.max(now, counted) + intervalMs
      const wait = next - now - burst * intervalMs
      clear.delete(source)
      clear.set(source, wait > 0 ? next - intervalMs : next)
      const [oldest] = clear.keys()
      if (clear.size > rememberedSources && oldest !== undefined) clear.delete(oldest)
      return wait > 0 ? Math.max(1, Math.ceil(wait / 1000)) : undefined
    }
  }
}

/** One customer has a whole /64 of IPv6 (RFC 6177 §2). */
function sourceOf(seen: string): string {
  const address = plainAddress(seen)
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail = ''] = address.split('::')
  const groups = head.split(':').filter((group) => group !== '')
  const rest = tail.split(':').filter((group) => group !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0')
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':')
}
