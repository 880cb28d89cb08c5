/** What several rounds of one measurement say. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** The median and the ends of `values`, of which there must be one. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right)
  return { median: at(sorted, 0.5), least: at(sorted, 0), most: at(sorted, 1) }
}

/** Dividing round by round cancels what else the machine does meanwhile. */
export function ratioOf(values: readonly number[], baseline: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / (baseline[round] ?? Number.NaN)))
}

/** The value that `share` of the values do not exceed. */
export function percentileOf(values: readonly number[], share: number): number {
  return at(
    values.toSorted((left, right) => left - right),
    share
  )
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}
