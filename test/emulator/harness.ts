import type { Test } from 'tap'
import { createEmulator } from '../../src/emulator/emulator.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import type { Seed } from '../../src/emulator/seed.ts'
import type { Clock, EpochMs, Milliseconds } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'

/** 2026-03-02T10:00:00-08:00. */
export const START: EpochMs = Date.parse('2026-03-02T18:00:00Z')

/** The request id of every answer with `fixedRandom`. */
const REQUEST_ID = '0123456789abcdef'

/** Time that moves by hand. */
interface ManualClock extends Clock {
  readonly advance: (duration: Milliseconds) => void
  /** Resolves as soon as somebody sleeps. */
  readonly sleeper: () => Promise<void>
}

/** A clock that stands still until it is advanced. */
function manualClock(): ManualClock {
  let now = START
  let sleepers: { until: EpochMs; wake: () => void }[] = []
  let watchers: (() => void)[] = []
  return {
    now: () => now,
    sleep: (duration, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ until: now + duration, wake: resolve })
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
        for (const watch of watchers) watch()
        watchers = []
      }),
    advance(duration) {
      now += duration
      const due = sleepers.filter(({ until }) => until <= now)
      sleepers = sleepers.filter(({ until }) => until > now)
      for (const { wake } of due) wake()
    },
    sleeper: () =>
      sleepers.length > 0 ? Promise.resolve() : new Promise((resolve) => watchers.push(resolve))
  }
}

/** Randomness without any: one request id, tokens counted. */
function fixedRandom(): Random {
  let secrets = 0
  return {
    fraction: () => 0.5,
    uuid: () => '01234567-89ab-cdef-0123-456789abcdef',
    secret: () => `token-${++secrets}`
  }
}

/** An answer with its body parsed; the text itself where it is not JSON. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** An emulator that listens, and how to call it. */
export interface Bench {
  readonly emulator: Emulator
  readonly clock: ManualClock
  readonly url: string
  /** Calls with a valid token; a body that is a string goes out as it is. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** Calls without. */
  readonly raw: (path: string, init?: RequestInit) => Promise<Answer>
  /** Asks for a token with these form fields over the right ones. */
  readonly token: (fields?: Readonly<Record<string, string>>) => Promise<Answer>
}

/** Starts an emulator with a fixed clock, fixed randomness and, by default, an empty enterprise. */
export async function startBench(t: Test, options: EmulatorOptions = {}): Promise<Bench> {
  const clock = manualClock()
  const emulator = createEmulator({ clock, random: fixedRandom(), seed: emptySeed, ...options })
  const url = await emulator.listen()
  t.teardown(() => emulator.close())

  const raw: Bench['raw'] = async (path, init) => {
    const response = await fetch(`${url}${path}`, init)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    const body: unknown = isJson ? JSON.parse(text) : text
    return { status: response.status, headers: response.headers, body }
  }
  const token: Bench['token'] = (fields = {}) =>
    raw('/oauth2/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: demoCredentials.clientId,
        client_secret: demoCredentials.clientSecret,
        box_subject_type: 'enterprise',
        box_subject_id: demoCredentials.enterpriseId,
        ...fields
      })
    })
  const issued = (await token()).body as { readonly access_token: string }
  emulator.clearCalls()

  const call: Bench['call'] = (method, path, body) =>
    raw(path, {
      method,
      headers: {
        authorization: `Bearer ${issued.access_token}`,
        ...(body !== undefined && { 'content-type': 'application/json' })
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) })
    })
  return { emulator, clock, url, call, raw, token }
}

/** A seed with these parts over the empty one's. */
export function seedWith(parts: Partial<Seed>): Seed {
  return { ...emptySeed, ...parts }
}

/** Box's error object as the emulator must write it. */
export function boxError(
  status: number,
  code: string,
  message: string,
  errors?: readonly object[]
): object {
  return {
    type: 'error',
    status,
    code,
    ...(errors !== undefined && { context_info: { errors } }),
    help_url: 'http://developers.box.com/docs/#errors',
    message,
    request_id: REQUEST_ID
  }
}

/** An entry of `context_info.errors`. */
export function invalid(name: string, value: string): object {
  return { reason: 'invalid_parameter', name, message: `Invalid value '${value}'.` }
}

/** The entries of a list. */
export function entriesOf(answer: Answer): readonly Readonly<Record<string, unknown>>[] {
  return (answer.body as { readonly entries: readonly Readonly<Record<string, unknown>>[] }).entries
}

/** The `id` of an answer. */
export function idOf(answer: Answer): string {
  return (answer.body as { readonly id: string }).id
}
