import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Milliseconds } from '../lib/clock.ts'

/** How busy the server is at one moment. */
export interface LoadState {
  readonly eventLoopDelayMs: Milliseconds
  readonly writes: number
  readonly heldBytes: number
  readonly connections: number
}

/** Why requests are shed. */
const reasons = ['event-loop', 'writes', 'bodies'] as const

/** One of the reasons for which requests are shed. */
export type ShedReason = (typeof reasons)[number]

/** Counts requests that were shed. */
export function createShedMetrics(register: Registry): (reason: ShedReason) => void {
  const shed = new Counter({
    name: 'box_scim_requests_shed_total',
    help: 'Requests answered 503 because the bridge has too much to do, by reason.',
    labelNames: ['reason'],
    registers: [register]
  })
  for (const reason of reasons) shed.inc({ reason }, 0)
  return (reason) => shed.inc({ reason })
}

/** What a caller can meet: a limit of its own, or too many wrong tokens from its address. */
const limitsMet = ['requests', 'writes', 'wrong-tokens'] as const

/** One of the limits that callers meet. */
export type LimitMet = (typeof limitsMet)[number]

/** Counts requests that were refused because of what their sender asked before. */
export function createLimitMetrics(register: Registry): (limit: LimitMet) => void {
  const limited = new Counter({
    name: 'box_scim_requests_limited_total',
    help: 'Requests answered 429 because their caller has asked too much, by limit.',
    labelNames: ['limit'],
    registers: [register]
  })
  for (const limit of limitsMet) limited.inc({ limit }, 0)
  return (limit) => limited.inc({ limit })
}

/** Shows how busy the server is. */
export function createLoadGauges(register: Registry): (state: LoadState) => void {
  const registers = [register]
  const delay = new Gauge({
    name: 'box_scim_event_loop_delay_seconds',
    help: 'Sustained delay of the event loop, by which requests are shed.',
    registers
  })
  const writes = new Gauge({
    name: 'box_scim_writes_running',
    help: 'Writes that have arrived and are not answered yet.',
    registers
  })
  const held = new Gauge({
    name: 'box_scim_bodies_held_bytes',
    help: 'Bytes of the bodies of requests that are not answered yet.',
    registers
  })
  const connections = new Gauge({
    name: 'box_scim_connections',
    help: 'Open connections of clients.',
    registers
  })
  return (state) => {
    delay.set(state.eventLoopDelayMs / 1000)
    writes.set(state.writes)
    held.set(state.heldBytes)
    connections.set(state.connections)
  }
}
