/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** The key as the operator wrote it. */
  readonly key: string
  /** What was given; absent where nothing was given and always for secrets. */
  readonly given?: string
  /** What is wrong. */
  readonly reason: string
  /** What is allowed. */
  readonly allowed: string
  /** What to do about it. */
  readonly advice: string
}

/** The configuration is wrong. Its message lists every problem, one a line, and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super([`The configuration has ${count}:`, ...problems.map(line)].join('\n'))
    this.problems = problems
  }
}

function line({ key, given, reason, allowed, advice }: ConfigProblem): string {
  const found = given === undefined ? '' : ` (given: ${given})`
  return `  ${key}${found}: ${reason}; allowed: ${allowed}. ${advice}`
}
