/** A statement to be run. */
export interface ScanRequest {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Its rows, or why there are none. */
export type ScanAnswer = { readonly rows: readonly unknown[] } | { readonly error: unknown }
