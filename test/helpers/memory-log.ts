import type { Logger } from '../../src/lib/logger.ts'

/** A line of the log. */
interface LogLine {
  readonly level: keyof Logger
  readonly fields: object
  readonly message: string
}

/** A log that a test can read. */
export function createMemoryLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const write =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message })
    }
  return {
    lines,
    log: {
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      debug: write('debug')
    }
  }
}
