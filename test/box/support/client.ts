import { createBoxClient } from '../../../src/box/client.ts'
import type { BoxClient, BoxClientOptions } from '../../../src/box/client.ts'
import type { BoxCall, BoxCallRecord } from '../../../src/provisioning/box-port.ts'
import { createSkippingClock } from './clocks.ts'
import type { SkippingClock } from './clocks.ts'

export const secrets = ['s3cr3t-of-the-app', 'token-1', 'token-2', 'token-3']

/** A log that keeps what it is told. */
export function createMemoryLog() {
  const lines: string[] = []
  const keep = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { lines, info: keep, warn: keep, error: keep, debug: keep }
}

/** A client on a throw-away server, whose waits take no time. */
export interface TestClient {
  readonly box: BoxClient
  readonly clock: SkippingClock
  readonly log: ReturnType<typeof createMemoryLog>
  /** Every exchange that the client reported. */
  readonly records: BoxCallRecord[]
  /** What accompanies a call: 25 seconds for it, as a client of the bridge has. */
  readonly call: (more?: Partial<BoxCall>) => BoxCall
}

export function createTestClient(
  t: { teardown(end: () => Promise<unknown>): void },
  apiUrl: string,
  more: Partial<Omit<BoxClientOptions, 'clock' | 'log'>> = {}
): TestClient {
  const clock = createSkippingClock()
  const log = createMemoryLog()
  const records: BoxCallRecord[] = []
  const box = createBoxClient({
    apiUrl,
    credentials: {
      kind: 'client-credentials',
      clientId: 'app',
      clientSecret: 's3cr3t-of-the-app',
      enterpriseId: '1234567'
    },
    callsPerMinute: 60_000,
    random: { fraction: () => 0.5, uuid: () => crypto.randomUUID(), secret: () => 'unused' },
    ...more,
    clock,
    log
  })
  t.teardown(() => box.close())
  return {
    box,
    clock,
    log,
    records,
    call: (rest = {}) => ({
      lane: 'client',
      deadline: clock.now() + 25_000,
      record: (record) => records.push(record),
      ...rest
    })
  }
}

/** The error that a promise rejects with. */
export async function rejection<E extends Error>(
  work: Promise<unknown>,
  kind: new (...args: never[]) => E
): Promise<E> {
  try {
    await work
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
  throw new Error(`Nothing was thrown where ${kind.name} was expected`)
}

/** Everything a log could print of an error, its causes included. */
export function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? ''
  const own = Object.getOwnPropertyNames(error)
    .filter((name) => name !== 'stack' && name !== 'cause')
    .map((name) => JSON.stringify((error as unknown as Record<string, unknown>)[name]))
  return [error.stack, ...own, everythingOf(error.cause)].join(' ')
}
