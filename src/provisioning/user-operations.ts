import { fold } from '../lib/text.ts'
import { mergeCodes } from './mapping/tracking-codes.ts'
import type { BoxUser, BoxUserFields, UserRecord } from './model.ts'
import type { BoxOperation } from './operations.ts'
import type { BoxCall, BoxPort } from './box-port.ts'
import type { UserChanges } from './records.ts'

/** The operations about a person whom Box has. */
export type UserOperation = Extract<
  BoxOperation,
  { readonly userId: unknown; readonly kind: UserKind }
>

type UserKind = 'update-user' | 'deactivate-user' | 'add-alias' | 'remove-alias'

/** Makes the change in Box; resolves to the new snapshot where Box shows one. */
export async function sendUserOperation(
  box: BoxPort,
  operation: UserOperation,
  call: BoxCall
): Promise<BoxUser | undefined> {
  switch (operation.kind) {
    case 'update-user':
      return box.updateUser(operation.userId, await whole(box, operation, call), call)
    case 'deactivate-user':
      return box.updateUser(operation.userId, { status: operation.status }, call)
    case 'add-alias':
      await box.addAlias(operation.userId, operation.email, call)
      return undefined
    case 'remove-alias': {
      const aliases = await box.listAliases(operation.userId, call)
      const alias = aliases.find(({ email }) => fold(email) === fold(operation.email))
      if (alias !== undefined) await box.removeAlias(operation.userId, alias.id, call)
      return undefined
    }
  }
}

/**
 * The fields as Box takes them. Box replaces all tracking codes at once: those that the operation does
 * not name are read anew, so that a change that somebody made meanwhile survives.
 */
async function whole(
  box: BoxPort,
  { userId, fields }: Extract<BoxOperation, { readonly kind: 'update-user' }>,
  call: BoxCall
): Promise<BoxUserFields> {
  const { trackingCodes } = fields
  if (trackingCodes === undefined) return fields
  const current = await box.getUser(userId, call)
  return { ...fields, trackingCodes: mergeCodes(current?.trackingCodes ?? [], trackingCodes) }
}

/** What the directory records of a person once Box has done the operation. */
export function userChangesAfter(
  record: UserRecord,
  operation: UserOperation,
  snapshot: BoxUser | undefined
): UserChanges {
  const shown = snapshot === undefined ? {} : { snapshot }
  switch (operation.kind) {
    case 'deactivate-user':
      return {
        ...shown,
        deactivatedByBridge: true,
        tombstone: record.tombstone || operation.tombstone
      }
    case 'update-user':
      return {
        ...shown,
        aliases: aliasesAfterUpdate(record, operation.fields.login),
        ...externalIdAfterUpdate(operation.fields, snapshot),
        ...(operation.fields.status === undefined ? {} : { deactivatedByBridge: false })
      }
    case 'add-alias':
      return { aliases: [...record.aliases, operation.email] }
    case 'remove-alias':
      return { aliases: record.aliases.filter((email) => fold(email) !== fold(operation.email)) }
  }
}

/** Whether Box took the external id: it may also pass over one that it does not take. */
function externalIdAfterUpdate(
  { externalAppUserId }: BoxUserFields,
  snapshot: BoxUser | undefined
): UserChanges {
  if (externalAppUserId === undefined || snapshot === undefined) return {}
  return { externalIdRefused: snapshot.externalAppUserId !== externalAppUserId }
}

/** After a change of the login Box keeps the old one as an alias. */
function aliasesAfterUpdate(record: UserRecord, login: string | undefined): readonly string[] {
  if (login === undefined || fold(login) === fold(record.snapshot.login)) return record.aliases
  return [...record.aliases.filter((email) => fold(email) !== fold(login)), record.snapshot.login]
}
