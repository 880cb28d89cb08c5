import type { EpochMs } from '../lib/clock.ts'
import type { GroupRecord } from './model.ts'
import type { DirectoryTransaction } from './ports.ts'
import { changeGroup, type GroupChanges } from './records.ts'
import type { ProvisioningSettings } from './settings.ts'

/**
 * Records a change of a group's attributes. The group's lock keeps them as they are in `record`, but
 * not its version, which moves on with its members while Box is asked: the change counts from the
 * version that the directory has now.
 */
export async function writeGroup(
  tx: DirectoryTransaction,
  record: GroupRecord,
  changes: GroupChanges,
  { settings, now }: { readonly settings: ProvisioningSettings; readonly now: EpochMs }
): Promise<GroupRecord> {
  const { revision, lastModified } = (await tx.groups.get(record.id)) ?? record
  const after = changeGroup({ ...record, revision, lastModified }, changes, settings, now)
  await tx.putGroup(after)
  return after
}
