import type { Clock } from '../lib/clock.ts'
import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from './errors.ts'
import type { Directory } from './ports.ts'
import type { Trail } from './trail.ts'

/** Runs a use case and sees to its audit entry. */
export type RunAudited = <Result>(
  trail: Trail,
  target: string,
  work: () => Promise<Result>
) => Promise<Result>

/**
 * Every change has an audit entry, and so has every request that fails. A use case may write it with
 * its last change, in one transaction; where it has not, it is written here. `onTrouble` is false
 * where the bridge tries again by itself: nothing happened yet.
 */
export function createRunAudited(
  dependencies: { readonly directory: Directory; readonly clock: Clock },
  { onTrouble }: { readonly onTrouble: boolean }
): RunAudited {
  const { clock, directory } = dependencies
  return async (trail, target, work) => {
    const write = (outcome: string) =>
      directory.transaction((tx) => tx.audit(trail.audit(target, outcome, clock.now())))
    try {
      const result = await work()
      const isChange = trail.operations.length + trail.notes.length > 0
      if (isChange && !trail.isAudited()) await write('done')
      return result
    } catch (error) {
      if (onTrouble || !(error instanceof BoxUnavailableError)) await write(outcomeOf(error))
      throw error
    }
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof ProvisioningError) return error.code
  if (error instanceof BoxRefusedError) return 'refused_by_box'
  return error instanceof Error ? error.name : 'error'
}
