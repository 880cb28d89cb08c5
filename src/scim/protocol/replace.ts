import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../../provisioning/model.ts'
import type { CurrentResource, GroupChange, UserChange } from '../../provisioning/requests.ts'
import { accessInResource } from './requested-access.ts'
import { asObject, assigned, keyOf, readAnyCase, withKey } from './document.ts'
import { requireObjectBody } from './request-body.ts'
import type { ParsedResource } from './resource.ts'
import { parseResource } from './resource.ts'
import { boxGroupUrn, boxUserUrn, resourceTypes } from './schemas.ts'

/**
 * Reads the body of a PUT of a person. Where it asks for `active: false` and another part of it is
 * refused, that error is thrown by `apply`, so that the deactivation can be carried out.
 *
 * @throws ScimError 400 `invalidSyntax` where the body is no object; 400 `invalidValue`
 */
export function parseUserReplacement(body: unknown): UserChange {
  const object = requireObjectBody(body)
  try {
    return userReplacement(parseResource(resourceTypes.User, object).document)
  } catch (error) {
    const access = accessInResource(object)
    if (!access.deactivates) throw error
    return {
      verb: 'put',
      ...access,
      apply: () => {
        throw error
      }
    }
  }
}

/**
 * Reads the body of a PUT of a group.
 *
 * @throws ScimError 400 `invalidSyntax` where the body is no object; 400 `invalidValue`
 */
export function parseGroupReplacement(body: unknown): GroupChange {
  return groupReplacement(parseResource(resourceTypes.Group, body))
}

/** A PUT of a person (RFC 7644 §3.5.1); without `active` it leaves the status alone. */
export function userReplacement(document: ScimDocument): UserChange {
  return {
    verb: 'put',
    ...accessInResource(document),
    apply: (current) => replaced(document, current)
  }
}

/** A PUT of a group: without `members` they stay, `[]` removes all of them. */
export function groupReplacement({ document, members }: ParsedResource): GroupChange {
  return {
    verb: 'put',
    touchesAttributes: true,
    apply: (current) => replaced(document, current),
    members: members === undefined ? [] : [{ kind: 'set', ids: members }]
  }
}

/** What never changes by being absent: access, roles, and everything that is Box's own. */
const keptKeys: ReadonlySet<string> = new Set(['active', 'roles', boxUserUrn, boxGroupUrn])

/**
 * What a PUT leaves: the body, and of what it does not name all that SCIM had not written itself. A
 * client that echoes a GET cannot clear what it never saw.
 */
function replaced(body: ScimDocument, { resource, shadow }: CurrentResource): ScimDocument {
  let next: JsonObject = resource
  for (const key of new Set([...Object.keys(resource), ...Object.keys(body)])) {
    const parts: Parts = {
      given: readAnyCase(body, key),
      current: readAnyCase(resource, key),
      written: keptKeys.has(key) ? undefined : readAnyCase(shadow, key)
    }
    const value = key === 'name' || key.startsWith('urn:') ? mergedParts(parts) : chosen(parts)
    next = withKey(next, keyOf(next, key), value)
  }
  return next
}

interface Parts {
  readonly given: JsonValue | undefined
  readonly current: JsonValue | undefined
  /** What SCIM had written; undefined where that does not matter. */
  readonly written: JsonValue | undefined
}

function chosen({ given, current, written }: Parts): JsonValue | undefined {
  if (given !== undefined) return given
  return written === undefined ? current : undefined
}

/** The same rule for each sub-attribute of `name` and each attribute of an extension. */
function mergedParts({ given, current, written }: Parts): JsonValue | undefined {
  const objects = [given, current].filter((one) => one !== undefined)
  if (!objects.every(isJsonObject)) return chosen({ given, current, written })
  const [givenParts, currentParts, writtenParts] = [given, current, written].map(asObject)
  let next: JsonObject = currentParts ?? {}
  for (const key of new Set(objects.flatMap((one) => Object.keys(one)))) {
    const value = chosen({
      given: readAnyCase(givenParts ?? {}, key),
      current: readAnyCase(currentParts ?? {}, key),
      written: readAnyCase(writtenParts ?? {}, key)
    })
    next = withKey(next, keyOf(next, key), value)
  }
  return assigned(next)
}
