import { isJsonObject } from '../lib/json.ts'
import type { Dependencies } from './dependencies.ts'
import { isActive } from './mapping/user-resource.ts'
import { enterpriseUserUrn } from './mapping/urns.ts'
import { isBoxId, isResourceId, type BoxUserId, type UserRecord } from './model.ts'
import type { BoxCall } from './box-port.ts'

/** Who receives a leaver's content, or why nobody can. */
export type Receiver = { readonly id: BoxUserId } | { readonly reason: string }

/** Finds who receives a leaver's content, as TRANSFER_TO says now. */
export type FindReceiver = (leaver: UserRecord, call: BoxCall) => Promise<Receiver>

/** Creates {@link FindReceiver}. */
export function createFindReceiver({ box, directory, settings }: Dependencies): FindReceiver {
  return async (leaver, call) => {
    const { transferTo } = settings.leavers
    if (transferTo === undefined) return { reason: 'TRANSFER_TO is not set' }
    if (transferTo === 'service') return box.getOwnAccount(call)
    const wanted = transferTo === 'manager' ? managerOf(leaver) : transferTo
    if (wanted === undefined) return { reason: 'SCIM has named no manager' }
    const found = await find(wanted, call)
    const name = transferTo === 'manager' ? 'the manager' : 'TRANSFER_TO'
    if (found === undefined) return { reason: `${name} is no active user of the enterprise` }
    if (found.id === leaver.id) return { reason: `${name} is the person who leaves` }
    return found
  }

  async function find(
    wanted: string,
    call: BoxCall
  ): Promise<{ readonly id: BoxUserId } | undefined> {
    const known = isResourceId(wanted)
      ? await directory.users.get(wanted as BoxUserId)
      : await directory.users.findByAddress(wanted)
    if (known !== undefined)
      return !known.tombstone && isActive(known, settings) ? known : undefined
    const found = isBoxId(wanted)
      ? await box.getUser(wanted as BoxUserId, call)
      : await box.findUserByLogin(wanted, call)
    return found?.status === 'inactive' ? undefined : found
  }
}

/** The manager as SCIM names them (RFC 7643 §4.3): by id, or by login where the client knows no id. */
function managerOf({ shadow }: UserRecord): string | undefined {
  const extension = shadow[enterpriseUserUrn]
  const manager = isJsonObject(extension) ? extension['manager'] : undefined
  const value = isJsonObject(manager) ? manager['value'] : manager
  return typeof value === 'string' && value !== '' ? value : undefined
}
