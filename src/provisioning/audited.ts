import type { Clock } from '../lib/clock.ts'
import { ProvisioningError } from './errors.ts'
import type { Directory } from './ports.ts'
import type { Trail } from './trail.ts'

/** Runs a use case and sees to its audit entry. */
export type RunAudited = <Result>(
  trail: Trail,
  target: string,
  work: () => Promise<Result>
) => Promise<Result>

/**
 * Every change has an audit entry. A request that fails gets one here; one that succeeds gets it with
 * its last change, in the same transaction, or here where that is not possible: `onSuccess`.
 */
export function createRunAudited(
  dependencies: { readonly directory: Directory; readonly clock: Clock },
  onSuccess: boolean
): RunAudited {
  const { clock, directory } = dependencies
  return async (trail, target, work) => {
    const write = (outcome: string) =>
      directory.transaction((tx) => tx.audit(trail.audit(target, outcome, clock.now())))
    try {
      const result = await work()
      const isChange = trail.operations.length + trail.notes.length > 0
      if (onSuccess && isChange) await write('done')
      return result
    } catch (error) {
      await write(outcomeOf(error))
      throw error
    }
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof ProvisioningError) return error.code
  return error instanceof Error ? error.name : 'error'
}
