import type { JsonValue } from '../../lib/json.ts'
import type { AuditedOperation } from '../audit.ts'

/** What people and groups are called, by `user:ID` and `group:ID`. */
export type Names = ReadonlyMap<string, string>

type Words = (operation: AuditedOperation, names: Names) => string

const words: Readonly<Record<AuditedOperation['kind'], Words>> = {
  'create-user': (it) => `create a person in Box: ${settings(it)}`,
  'create-app-user': (it) => `create an app user in Box: ${settings(it)}`,
  'invite-user': (it) => `invite ${it.login ?? ''} to the enterprise`,
  'update-user': (it, names) => `change ${user(it, names)} in Box: ${settings(it)}`,
  'deactivate-user': (it, names) =>
    `set ${user(it, names)} to ${it.status ?? 'inactive'} in Box` +
    (it.tombstone === true ? ' and hide the person in SCIM' : ''),
  'end-sessions': (it, names) => `end the sessions of ${user(it, names)}`,
  'transfer-content': (it, names) => `transfer the content of ${user(it, names)}`,
  'delete-user': (it, names) => `delete the Box account of ${user(it, names)}`,
  'add-alias': (it, names) => `give ${user(it, names)} the further address ${it.email ?? ''}`,
  'remove-alias': (it, names) => `take the address ${it.email ?? ''} from ${user(it, names)}`,
  'create-group': (it) => `create a group in Box: ${settings(it)}`,
  'update-group': (it, names) => `change ${group(it, names)} in Box: ${settings(it)}`,
  'sweep-group': (it, names) =>
    `take out of ${group(it, names)} whoever only Box knows to be a member`,
  'delete-group': (it, names) => `delete ${group(it, names)} in Box`,
  'dissolve-group': (it, names) => `empty ${group(it, names)} and hide it in SCIM`,
  'add-membership': (it, names) => `put ${user(it, names)} into ${group(it, names)}`,
  'remove-membership': (it, names) => `take ${user(it, names)} out of ${group(it, names)}`
}

/** An operation in words. */
export function wordsOfOperation(operation: AuditedOperation, names: Names): string {
  return words[operation.kind](operation, names)
}

/** Values that were kept, then the rest by name. */
export function wordsOfValues(
  named: readonly string[],
  values: Readonly<Record<string, JsonValue>>
): string {
  const kept = new Map(Object.entries(values))
  const shown = [...kept].map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return [...shown, ...named.filter((name) => !kept.has(name))].join(', ')
}

function settings({ fields = [], values = {} }: AuditedOperation): string {
  return wordsOfValues(fields, values)
}

function user({ userId = '' }: AuditedOperation, names: Names): string {
  return named('user', userId, names)
}

function group({ groupId = '' }: AuditedOperation, names: Names): string {
  return named('group', groupId, names)
}

/** E.g. `user 123 (ann@example.com)`. */
function named(kind: 'user' | 'group', id: string, names: Names): string {
  const name = names.get(`${kind}:${id}`)
  return name === undefined ? `${kind} ${id}` : `${kind} ${id} (${name})`
}
