import { isJsonObject } from '../../lib/json.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { Query } from '../../provisioning/query.ts'
import type { MemberChange } from '../../provisioning/requests.ts'
import type { ChangeKind, ChangeTarget } from './changes.ts'
import { isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'
import { matches } from './match.ts'
import { memberIds, removedMemberIds } from './members.ts'

/** One operation on a group's `members`. */
export interface MemberOperation {
  readonly kind: ChangeKind
  readonly target: ChangeTarget
  /** Undefined where the operation has no value; null asks for nothing. */
  readonly raw: JsonValue | undefined
}

/**
 * What one operation on `members` changes, if anything. A `remove` with a value removes only whom it
 * lists, as Microsoft Entra ID and JumpCloud mean it; null never empties a group; writes to
 * sub-attributes other than `value` are ignored, since Box has nowhere to keep them.
 *
 * @throws ScimError 400 `mutability` for a changed `value` (RFC 7643 §8.7.1), `noTarget` for a filter
 *   that does not say whom to add, `invalidValue` like {@link memberIds}
 */
export function memberChange(operation: MemberOperation): MemberChange | undefined {
  const { kind, target } = operation
  if (target.subName !== undefined && target.subName !== 'value') return undefined
  if (target.subName === 'value' && (kind !== 'add' || target.filter !== undefined)) {
    throw new ScimError(
      400,
      'The value of a member is immutable: remove the member and add another one.',
      'mutability'
    )
  }
  if (target.filter !== undefined) return filteredChange(operation, target.filter)
  return kind === 'remove' ? removal(operation.raw) : assignment(kind, operation.raw)
}

function assignment(kind: 'add' | 'replace', raw: JsonValue | undefined): MemberChange | undefined {
  const ids = memberIds(raw)
  if (kind === 'add') return ids.length === 0 ? undefined : { kind, ids }
  const empties = isList(raw) && raw.length === 0
  return ids.length > 0 || empties ? { kind: 'set', ids } : undefined
}

function removal(raw: JsonValue | undefined): MemberChange | undefined {
  if (raw === undefined) return { kind: 'set', ids: [] }
  const ids = removedMemberIds(raw)
  return ids.length === 0 ? undefined : { kind: 'remove', ids }
}

function filteredChange({ kind, raw }: MemberOperation, filter: Query): MemberChange {
  const ids = idsIn(filter)
  if (kind === 'remove') {
    return ids === undefined
      ? { kind: 'remove-matching', matches: (member) => matches(filter, member) }
      : { kind: 'remove', ids: [...new Set(ids)] }
  }
  if (ids?.length !== 1) {
    throw new ScimError(400, 'The filter on members does not say whom to add.', 'noTarget')
  }
  const named = isJsonObject(raw) && readAnyCase(raw, 'value') === undefined ? null : raw
  if (memberIds(named).some((id) => id !== ids[0])) {
    throw new ScimError(400, 'The value of a member is immutable.', 'mutability')
  }
  return { kind: 'add', ids }
}

/** The ids of `value eq "a"` and of `or` between such terms; undefined for any other filter. */
function idsIn(filter: Query): readonly string[] | undefined {
  if (filter.kind === 'or') {
    const parts = filter.terms.map(idsIn)
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return undefined
  const [name, ...deeper] = filter.attribute.path
  const { value } = filter
  const isId = typeof value === 'string' || typeof value === 'number'
  return name === 'value' && deeper.length === 0 && isId ? [String(value)] : undefined
}

/** The changes in order, with neighbours of one kind joined: thousands of operations become one. */
export function joinMemberChanges(changes: readonly MemberChange[]): readonly MemberChange[] {
  const runs: MemberChange[][] = []
  for (const change of changes) {
    const run = runs.at(-1)
    const joins = change.kind === 'add' || change.kind === 'remove'
    if (joins && run?.[0]?.kind === change.kind) run.push(change)
    else runs.push([change])
  }
  return runs.flatMap((run) => (run.length === 1 ? run : [joined(run)]))
}

function joined(run: readonly MemberChange[]): MemberChange {
  const ids = run.flatMap((change) => (change.kind === 'remove-matching' ? [] : change.ids))
  return { kind: run[0]?.kind === 'add' ? 'add' : 'remove', ids: [...new Set(ids)] }
}
