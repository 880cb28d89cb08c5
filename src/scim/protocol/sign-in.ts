import type { ScimDocument } from '../../provisioning/model.ts'
import { normaliseResource } from './normalise.ts'
import { resourceTypes } from './schemas.ts'
import { validateSignIn } from './validate.ts'

/**
 * Reads the body of `POST /connect`: a SCIM user of which only the externalId must be there.
 *
 * @throws ScimError 400 `invalidSyntax` where it is no object, 400 `invalidValue` for what it holds
 */
export function parseSignIn(body: unknown): ScimDocument {
  const document = normaliseResource(resourceTypes.User, body)
  validateSignIn(document)
  return document
}
