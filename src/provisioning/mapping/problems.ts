import { excerpt } from '../../lib/text.ts'

/** Something that is wrong with a mapping file. */
export interface MappingProblem {
  /** The place in the file, as a JSON Pointer (RFC 6901). */
  readonly at: string
  /** What the file has there; absent where something is missing. */
  readonly given?: unknown
  readonly reason: string
  readonly allowed: string
}

/** A mapping file cannot be used. Its message lists every problem, one a line. */
export class MappingError extends Error {
  override readonly name = 'MappingError'
  readonly problems: readonly MappingProblem[]

  constructor(file: string, problems: readonly MappingProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super([`The mapping ${file} has ${count}:`, ...problems.map(line)].join('\n'))
    this.problems = problems
  }
}

function line({ at, given, reason, allowed }: MappingProblem): string {
  const found = given === undefined ? '' : ` (given: ${excerpt(JSON.stringify(given))})`
  return `  ${at === '' ? '/' : at}${found}: ${reason}; allowed: ${allowed}.`
}

/** Collects the problems of one place in a file and of the places within. */
export interface Place {
  /** The place of a key or an index within this one. */
  at(key: string | number): Place
  report(given: unknown, reason: string, allowed: string): void
}

/** A place whose problems are added to `problems`. */
export function placeIn(problems: MappingProblem[], pointer = ''): Place {
  return {
    at(key) {
      const token = String(key).replaceAll('~', '~0').replaceAll('/', '~1')
      return placeIn(problems, `${pointer}/${token}`)
    },
    report(given, reason, allowed) {
      problems.push({ at: pointer, ...(given === undefined ? {} : { given }), reason, allowed })
    }
  }
}
