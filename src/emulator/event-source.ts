import type { JsonObject } from '../lib/json.ts'
import type { Guesses } from './guesses.ts'
import type { GroupRecord, MembershipRecord, UserRecord } from './records.ts'
import { renderUser, STANDARD_USER_FIELDS } from './render.ts'
import { noMisfortune } from './faults.ts'

/** How an event shows the user it is about. */
export function userSource(user: UserRecord, guesses: Guesses): JsonObject {
  if (guesses.userEventSource === 'standard') {
    return renderUser(user, { fields: STANDARD_USER_FIELDS, guesses, misfortune: noMisfortune })
  }
  return { type: 'user', id: user.id, name: user.fields.name, login: user.fields.login }
}

/** How an event shows the group it is about. */
export function groupSource({ id, fields }: GroupRecord, guesses: Guesses): JsonObject {
  return guesses.groupEventSource === 'flat'
    ? { group_id: id, group_name: fields.name }
    : { type: 'group', id, name: fields.name }
}

/** How an event shows who joined, or left, which group. */
export function membershipSource(
  membership: MembershipRecord,
  ends: { readonly user: UserRecord | undefined; readonly group: GroupRecord | undefined },
  guesses: Guesses
): JsonObject {
  const { userId, groupId } = membership
  const userName = ends.user?.fields.name ?? ''
  const groupName = ends.group?.fields.name ?? ''
  if (guesses.groupEventSource === 'flat') {
    return { group_id: groupId, group_name: groupName, user_id: userId, user_name: userName }
  }
  return {
    type: 'group_membership',
    id: membership.id,
    user: { type: 'user', id: userId, name: userName, login: ends.user?.fields.login ?? '' },
    group: { type: 'group', id: groupId, name: groupName }
  }
}
