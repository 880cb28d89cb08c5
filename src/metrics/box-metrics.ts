import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Milliseconds } from '../lib/clock.ts'
import type { Lane } from '../provisioning/box-port.ts'

/** A call to Box that has ended. */
export interface EndedCall {
  /** Method and path pattern, e.g. `PUT /users/:id`. */
  readonly operation: string
  readonly outcome: string
  readonly durationMs: Milliseconds
}

/** How the bridge stands towards Box at one moment. */
export interface BoxState {
  /** Whether the last exchange went well. */
  readonly isWell: boolean
  readonly callsPerMinute: number
  readonly callsThisMonth: number
  /** The calls that a month has; undefined where nobody said. */
  readonly monthAllowance: number | undefined
  readonly running: number
  readonly pausedForMs: Milliseconds
  readonly lanes: Readonly<
    Record<Lane, { readonly waiting: number; readonly oldestMs: Milliseconds }>
  >
}

const buckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

/** Counts calls to Box. */
export function createCallMetrics(register: Registry): (call: EndedCall) => void {
  const calls = new Counter({
    name: 'box_scim_box_calls_total',
    help: 'HTTP exchanges with the Box API, by operation and outcome.',
    labelNames: ['operation', 'outcome'],
    registers: [register]
  })
  const duration = new Histogram({
    name: 'box_scim_box_call_duration_seconds',
    help: 'Time that the Box API took to answer, by operation.',
    labelNames: ['operation'],
    buckets,
    registers: [register]
  })
  return ({ operation, outcome, durationMs }) => {
    calls.inc({ operation, outcome })
    duration.observe({ operation }, durationMs / 1000)
  }
}

/** Shows how the bridge stands towards Box. */
export function createBoxGauges(register: Registry): (state: BoxState) => void {
  const registers = [register]
  const up = new Gauge({
    name: 'box_scim_box_up',
    help: '1 while the last exchange with Box went well, else 0.',
    registers
  })
  const budget = new Gauge({
    name: 'box_scim_box_budget_calls_per_minute',
    help: 'The budget for all calls to Box, from BOX_CALLS_PER_MINUTE.',
    registers
  })
  const running = new Gauge({
    name: 'box_scim_box_calls_running',
    help: 'Calls to Box under way.',
    registers
  })
  const pause = new Gauge({
    name: 'box_scim_box_pause_seconds',
    help: 'What is left of a pause that Box asked for.',
    registers
  })
  const month = new Gauge({
    name: 'box_scim_box_calls_this_month',
    help: 'Calls to Box in the current calendar month (UTC).',
    registers
  })
  const allowance = new Gauge({
    name: 'box_scim_box_calls_month_allowance',
    help: 'Calls that a month has, from BOX_CALLS_PER_MONTH; +Inf where it is not set.',
    registers
  })
  const depth = new Gauge({
    name: 'box_scim_queue_depth',
    help: 'Calls waiting for their turn with Box, by lane.',
    labelNames: ['lane'],
    registers
  })
  const age = new Gauge({
    name: 'box_scim_queue_oldest_seconds',
    help: 'How long the oldest waiting call has waited, by lane.',
    labelNames: ['lane'],
    registers
  })
  return (state) => {
    up.set(state.isWell ? 1 : 0)
    budget.set(state.callsPerMinute)
    running.set(state.running)
    pause.set(state.pausedForMs / 1000)
    month.set(state.callsThisMonth)
    allowance.set(state.monthAllowance ?? Number.POSITIVE_INFINITY)
    for (const [lane, { waiting, oldestMs }] of Object.entries(state.lanes)) {
      depth.set({ lane }, waiting)
      age.set({ lane }, oldestMs / 1000)
    }
  }
}
