import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Milliseconds } from '../lib/clock.ts'

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string
  /** The pattern of the route, never the URL. */
  readonly route: string
  readonly status: number
  readonly durationMs: Milliseconds
}

/** From a read out of the directory to a write that waits for Box as long as it may. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60]

/** The methods that SCIM has; whatever else is sent counts as `other`. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** What one request adds to. */
interface Series {
  readonly count: Counter.Internal
  readonly time: Histogram.Internal<string>
}

/** How many requests wait at most until they are counted. */
const mostWaiting = 256

/**
 * Counts answered requests; what one adds to is looked up once for each route and status. They are
 * counted some at a time, at the latest when somebody reads: one alone would take several times as long.
 */
export function createRequestMetrics(register: Registry): (request: AnsweredRequest) => void {
  const requests = new Counter({
    name: 'box_scim_requests_total',
    help: 'Requests answered, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [register],
    collect: countWaiting
  })
  const duration = new Histogram({
    name: 'box_scim_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer, by method and route.',
    labelNames: ['method', 'route'],
    buckets,
    registers: [register],
    collect: countWaiting
  })
  const known = new Map<string, Series>()
  let waiting: AnsweredRequest[] = []

  function seriesOf({ method: asked, route, status }: AnsweredRequest): Series {
    const method = methods.has(asked) ? asked : 'other'
    const key = `${method} ${route} ${status}`
    const found = known.get(key)
    if (found !== undefined) return found
    const series = {
      count: requests.labels({ method, route, status: String(status) }),
      time: duration.labels({ method, route })
    }
    known.set(key, series)
    return series
  }

  function countWaiting(): void {
    for (const request of waiting) {
      const { count, time } = seriesOf(request)
      count.inc()
      time.observe(request.durationMs / 1000)
    }
    waiting = []
  }

  return (request) => {
    waiting.push(request)
    if (waiting.length >= mostWaiting) countWaiting()
  }
}
