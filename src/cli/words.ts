import type { EpochMs, Milliseconds } from '../lib/clock.ts'

const numbers = new Intl.NumberFormat('en-US')

/** A number with its thousands apart. */
export function count(value: number): string {
  return numbers.format(value)
}

const units = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000]
] as const satisfies readonly (readonly [string, Milliseconds])[]

/** How long something takes or took, in the largest unit that it fills twice. */
export function duration(ms: Milliseconds): string {
  const [unit, size] = units.find(([, size]) => ms >= 2 * size) ?? ['s', 1000]
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`
}

/** A moment, as UTC. */
export function moment(at: EpochMs): string {
  return new Date(at).toISOString()
}

/** A text that others have written, on one line and without what a terminal would obey. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\u{fffd}')
}
