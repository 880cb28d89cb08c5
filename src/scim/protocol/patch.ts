import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { GroupChange, MemberChange, UserChange } from '../../provisioning/requests.ts'
import { applyChanges } from './apply-changes.ts'
import type { Assignment } from './assignments.ts'
import { assignmentsAt, assignmentsOf } from './assignments.ts'
import type { AttributeChange, ChangeTarget, DocumentChange, ExtensionRemoval } from './changes.ts'
import { changesAt, targetOf } from './changes.ts'
import { accessInOperations } from './requested-access.ts'
import { ScimError } from './errors.ts'
import { requireFewChanges, requireFewValues, requireShallow } from './limits.ts'
import { joinMemberChanges, memberChange } from './patch-members.ts'
import { parsePatchPath } from './patch-path.ts'
import type { PatchOperation } from './patch-request.ts'
import { patchOperations, readOperation, requirePatchSchema } from './patch-request.ts'
import { requireObjectBody } from './request-body.ts'
import type { ResourceType } from './schemas.ts'
import { resourceTypes } from './schemas.ts'
import { validatePart } from './validate.ts'

/**
 * Reads a PATCH of a person (RFC 7644 §3.5.2). Everything that does not depend on the person's present
 * state is checked here. Where the request asks for `active: false` and another part of it is refused,
 * that error is thrown by `apply`, so that the deactivation can be carried out.
 *
 * @throws ScimError 400 `invalidSyntax` where the message is malformed; 400 `invalidSyntax`,
 *   `invalidPath`, `invalidFilter`, `invalidValue`, `mutability` or `noTarget` for an operation
 */
export function parseUserPatch(body: unknown): UserChange {
  const operations = patchOperations(body)
  const access = accessInOperations(operations)
  try {
    const { changes } = readPatch(resourceTypes.User, requireObjectBody(body), operations)
    return {
      verb: 'patch',
      ...access,
      apply: ({ resource }) => applyChanges(resource, changes)
    }
  } catch (error) {
    if (!access.deactivates) throw error
    return {
      verb: 'patch',
      ...access,
      apply: () => {
        throw error
      }
    }
  }
}

/**
 * Reads a PATCH of a group (RFC 7644 §3.5.2); like {@link parseUserPatch}.
 *
 * @throws ScimError as {@link parseUserPatch} does
 */
export function parseGroupPatch(body: unknown): GroupChange {
  const operations = patchOperations(body)
  const { changes, members } = readPatch(resourceTypes.Group, requireObjectBody(body), operations)
  return {
    verb: 'patch',
    touchesAttributes: changes.length > 0,
    apply: ({ resource }) => applyChanges(resource, changes),
    members: joinMemberChanges(members)
  }
}

interface Patch {
  readonly changes: readonly DocumentChange[]
  readonly members: readonly MemberChange[]
}

function readPatch(type: ResourceType, body: JsonObject, operations: readonly JsonValue[]): Patch {
  requirePatchSchema(body)
  requireShallow(operations)
  const steps = operations
    .map(readOperation)
    .flatMap((operation) => stepsOf(type, operation).map((step) => ({ step, operation })))
  requireFewValues(steps.flatMap(({ step }) => attributeValue(type, step)))
  const changes: DocumentChange[] = []
  const members: MemberChange[] = []
  for (const { step, operation } of steps) {
    if (step.kind !== 'assign') {
      changes.push(step)
    } else if (isMembers(type, step.target)) {
      const change = memberChange({ ...step, kind: operation.kind })
      if (change !== undefined) members.push(change)
    } else {
      changes.push(...checkedChanges(type, step, operation))
    }
    requireFewChanges(changes.length)
  }
  return { changes, members }
}

/** An assignment, or the removal of what the target names. */
type Step = (Omit<Assignment, 'raw'> & { readonly raw: JsonValue | undefined }) | ExtensionRemoval

/** The value that a step gives an attribute, as a list of none or one. */
function attributeValue(type: ResourceType, step: Step): readonly JsonValue[] {
  const isAttribute = step.kind === 'assign' && !isMembers(type, step.target)
  return isAttribute && step.raw !== undefined ? [step.raw] : []
}

function isMembers(type: ResourceType, target: ChangeTarget): boolean {
  return type.name === 'Group' && target.attribute === type.related
}

function stepsOf(type: ResourceType, operation: PatchOperation): readonly Step[] {
  const { kind, path: text, value } = operation
  if (kind === 'remove') return [removalStep(type, operation)]
  if (value === undefined) {
    throw new ScimError(400, `An operation "${kind}" needs a value.`, 'invalidValue')
  }
  const reading = { type, paths: true }
  const steps =
    text === undefined
      ? assignmentsOf(requireAttributes(value), reading)
      : assignmentsAt({ path: parsePatchPath(text, type), text, raw: value }, reading)
  return kind === 'add' ? steps.filter((step) => step.kind === 'assign') : steps
}

function requireAttributes(value: JsonValue): JsonObject {
  if (isJsonObject(value)) return value
  throw new ScimError(
    400,
    'An operation without a path needs an object of attributes as its value.',
    'invalidValue'
  )
}

function removalStep(type: ResourceType, { path: text, value }: PatchOperation): Step {
  const path = text === undefined ? undefined : parsePatchPath(text, type)
  if (path === undefined || path.attribute.kind === 'resource') {
    throw new ScimError(400, 'A remove needs a path that says what to remove.', 'noTarget')
  }
  const { attribute, filter } = path
  if (attribute.kind === 'extension') {
    return { kind: 'remove-extension', extension: attribute.extension ?? '' }
  }
  const target = targetOf(attribute, filter)
  if (target === undefined) {
    throw new ScimError(400, 'The path names nothing that can exist.', 'invalidPath')
  }
  return { kind: 'assign', target, raw: value }
}

function checkedChanges(
  type: ResourceType,
  { target, raw }: Exclude<Step, ExtensionRemoval>,
  { kind, path }: PatchOperation
): readonly AttributeChange[] {
  if (path !== undefined) requireWritable(target, kind)
  const changes = changesAt(kind, target, raw)
  for (const change of changes) {
    requireAssigned(change)
    if (change.value !== undefined && kind !== 'remove') validatePart(type, partOf(change))
  }
  return changes
}

/** Common attributes that clients send along although only the server sets them. */
const tolerated: ReadonlySet<string> = new Set(['id', 'schemas'])

/**
 * A path to a read-only attribute is refused (RFC 7644 §3.5.2), and so is the removal of a required
 * one. Read-only attributes inside a value, and read-only sub-attributes such as
 * `manager.displayName`, are ignored instead: identity providers echo them.
 */
function requireWritable({ attribute, name, subName }: ChangeTarget, kind: string): void {
  const removes = kind === 'remove'
  const readOnly = attribute?.mutability === 'readOnly' && (removes || !tolerated.has(name))
  const required = removes && attribute?.required === true && subName === undefined
  if (!readOnly && !required) return
  throw new ScimError(
    400,
    `${name} ${readOnly ? 'is read-only' : 'is required and cannot be removed'}.`,
    'mutability'
  )
}

/** What is required cannot be emptied, and `active` has no third state. */
function requireAssigned({ target, value }: AttributeChange): void {
  const { attribute, extension, name } = target
  if (value !== undefined || attribute === undefined || extension !== undefined) return
  if (!attribute.required && name !== 'active') return
  throw new ScimError(
    400,
    name === 'active' ? 'active must be true or false.' : `${name} must not be empty.`,
    'invalidValue'
  )
}

/** The document that would hold nothing but the changed value. */
function partOf({ target, value = null }: AttributeChange): JsonObject {
  const { attribute, extension, filter, name, subName } = target
  const inner = subName === undefined ? value : { [subName]: value }
  const isElement = filter !== undefined || subName !== undefined
  const part = { [name]: attribute?.multiValued === true && isElement ? [inner] : inner }
  return extension === undefined ? part : { [extension]: part }
}
