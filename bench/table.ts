import type { Spread } from './statistics.ts'

/** One line of the table. */
export interface Row {
  readonly figure: string
  readonly measured: string
  readonly baseline: string
  readonly result: string
  readonly target: string
  readonly verdict: 'met' | 'missed' | 'reported'
  /** A promise rather than a speed: the run fails where it is missed. */
  readonly isHard?: true
}

const columns = [
  ['Figure', 'figure'],
  ['Measured', 'measured'],
  ['Baseline', 'baseline'],
  ['Result (least–most of the rounds)', 'result'],
  ['Target', 'target'],
  ['', 'verdict']
] as const satisfies readonly (readonly [string, Exclude<keyof Row, 'isHard'>])[]

/** The rows as a Markdown table with aligned columns. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, key]) => row[key]))
  ]
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => line[index]?.length ?? 0), 3)
  )
  const text = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = lines
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...body.map(text)].join('\n')
}

/** A ratio with its spread, e.g. `0.81 (0.78–0.84)`. */
export function ratioText({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}

/** A count per second, e.g. `18,204/s`. */
export function rateText(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`
}
