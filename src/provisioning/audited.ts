import type { Clock } from '../lib/clock.ts'
import { troubleOutcomes, type AuditOutcome } from './audit.ts'
import {
  BoxRefusedError,
  BoxUnavailableError,
  DeactivatedOnlyError,
  ProvisioningError
} from './errors.ts'
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
    const write = (outcome: AuditOutcome) =>
      directory.transaction((tx) => tx.audit(trail.audit(target, outcome, clock.now())))
    try {
      const result = await work()
      const isChange = trail.operations.length + trail.notes.length > 0
      if (isChange && !trail.isAudited()) await write('done')
      return result
    } catch (error) {
      if (error instanceof DeactivatedOnlyError) {
        trail.notes.push(`the rest of the request: ${outcomeOf(error.cause)}`)
      }
      if (onTrouble || !(error instanceof BoxUnavailableError)) await write(outcomeOf(error))
      throw error
    }
  }
}

function outcomeOf(error: unknown): AuditOutcome {
  if (error instanceof ProvisioningError) return error.code
  if (error instanceof BoxRefusedError) return 'refused_by_box'
  if (error instanceof BoxUnavailableError) return troubleOutcomes[error.trouble]
  if (error instanceof DeactivatedOnlyError) return 'deactivated_only'
  return isRequestError(error) ? 'invalid_request' : 'failed'
}

/** What a route's function refuses says so in an HTTP status of its own. */
function isRequestError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status < 500
  )
}
