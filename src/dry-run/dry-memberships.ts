import type { BoxCall, BoxPort } from '../provisioning/box-port.ts'
import { dryIdOf, isDryId } from '../provisioning/dry-run/writes.ts'
import type {
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUserId
} from '../provisioning/model.ts'
import { unlessDry, type DryParts } from './dry-parts.ts'
import { notFound } from './refused.ts'

type DryMemberships = Pick<
  BoxPort,
  'listGroupMemberships' | 'findMembership' | 'getMembership' | 'addMembership' | 'removeMembership'
>

/** The calls about who is in which group. */
export function createDryMemberships(
  { reads, pretended, write }: DryParts,
  { getGroup }: Pick<BoxPort, 'getGroup'>
): DryMemberships {
  /** Groups that Box was seen to have: it need not be asked for every member. */
  const seen = new Set<BoxGroupId>()
  const getInBox = unlessDry((id: BoxMembershipId, call: BoxCall) => reads.getMembership(id, call))

  async function assertGroup(id: BoxGroupId, call: BoxCall): Promise<void> {
    if (seen.has(id) && !pretended.isGroupDeleted(id)) return
    if ((await getGroup(id, call)) === undefined) throw notFound('group')
    seen.add(id)
  }

  async function findMembership(
    groupId: BoxGroupId,
    userId: BoxUserId,
    call: BoxCall
  ): Promise<BoxMembership | undefined> {
    const added = pretended.membership(groupId, userId)
    if (added !== undefined || isDryId(groupId) || isDryId(userId)) return added
    const found = await reads.findMembership(groupId, userId, call)
    return found !== undefined && pretended.stillHas(found) ? found : undefined
  }

  async function getMembership(
    id: BoxMembershipId,
    call: BoxCall
  ): Promise<BoxMembership | undefined> {
    const found = pretended.membershipById(id) ?? (await getInBox(id, call))
    return found !== undefined && pretended.stillHas(found) ? found : undefined
  }

  return {
    findMembership,
    getMembership,

    async listGroupMemberships(groupId, offset, call) {
      if (pretended.isGroupDeleted(groupId)) throw notFound('group')
      const added = pretended.addedTo(groupId)
      if (isDryId(groupId)) return { entries: added, nextOffset: undefined, truncated: false }
      const page = await reads.listGroupMemberships(groupId, offset, call)
      const kept = page.entries.filter(
        (membership) =>
          pretended.stillHas(membership) &&
          pretended.membership(groupId, membership.userId) === undefined
      )
      const isLast = page.nextOffset === undefined
      return { ...page, entries: isLast ? [...kept, ...added] : kept }
    },

    async addMembership(groupId, userId, call) {
      await assertGroup(groupId, call)
      if (pretended.isUserDeleted(userId)) throw notFound('user')
      const known = await findMembership(groupId, userId, call)
      if (known !== undefined) return known
      const id = dryIdOf(await write({ kind: 'add-membership', groupId, userId }))
      return { id: id as BoxMembershipId, groupId, userId, role: 'member' }
    },

    async removeMembership(membershipId, call) {
      const membership = await getMembership(membershipId, call)
      if (membership === undefined) return
      const { groupId, userId } = membership
      await write({ kind: 'remove-membership', groupId, userId, membershipId })
    }
  }
}
