import type { EpochMs } from '../lib/clock.ts'
import type { BoxUser, UserRecord } from './model.ts'
import type { DirectoryTransaction } from './ports.ts'
import { changeUser, newUser } from './records.ts'
import type { ProvisioningSettings } from './settings.ts'
import type { Trail } from './trail.ts'
import { endInvite } from './user-invitation.ts'

/** How somebody was seen in Box. */
export interface Sighting {
  /** Whether the bridge is known to have created the account. */
  readonly createdByBridge: boolean
  readonly settings: ProvisioningSettings
  readonly trail: Trail
  readonly now: EpochMs
}

/** Takes a person whom Box shows into the directory, or what Box shows of one who is there already. */
export async function putSeen(
  tx: DirectoryTransaction,
  found: BoxUser,
  { createdByBridge, settings, trail, now }: Sighting
): Promise<UserRecord> {
  const known = await tx.users.get(found.id)
  const facts = {
    createdByBridge: createdByBridge || known?.createdByBridge === true,
    snapshot: found
  }
  const record =
    known === undefined
      ? newUser(found, facts, settings, now)
      : changeUser(known, facts, settings, now)
  await tx.putUser(record)
  await endInvite(tx, found, { trail, now })
  return record
}
