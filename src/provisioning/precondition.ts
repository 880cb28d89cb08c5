import { ProvisioningError } from './errors.ts'
import type { RequestContext } from './requests.ts'

/**
 * Refuses a change of another version than the client has seen (RFC 7644 §3.14). Call it under the
 * lock, or in the transaction, that the change is made in.
 *
 * @throws ProvisioningError `version_mismatch`
 */
export function assertVersion(
  resource: { readonly revision: number },
  { ifMatch }: Pick<RequestContext, 'ifMatch'>
): void {
  if (ifMatch === undefined || ifMatch.includes(resource.revision)) return
  throw new ProvisioningError(
    'version_mismatch',
    'The resource has another version than If-Match names: read it again before changing it.'
  )
}
