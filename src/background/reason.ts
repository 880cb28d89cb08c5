import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from '../provisioning/errors.ts'

/** Why something failed, for logs and alerts: codes and ids only, since Box's messages may name people. */
export function reasonOf(error: unknown): string {
  if (error instanceof BoxUnavailableError) return error.trouble
  if (error instanceof BoxRefusedError) return `${error.status} ${error.code} ${error.requestId}`
  if (error instanceof ProvisioningError) return error.code
  return error instanceof Error ? error.name : 'error'
}
