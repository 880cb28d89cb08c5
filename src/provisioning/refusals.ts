import { excerpt } from '../lib/text.ts'
import { ProvisioningError, type BoxRefusedError } from './errors.ts'
import type { FuseName } from './fuse-limit.ts'
import { inviteGone, inviteUnknown, isEnded, type Invite } from './invites.ts'
import type { GroupRecord, UserRecord } from './model.ts'

/** The answer for an id that is nobody's, or somebody's who was deleted here. */
export function userNotFound(id: string): ProvisioningError {
  return new ProvisioningError('not_found', `There is no user ${id.slice(0, 40)}.`)
}

/** The answer for somebody whom Box does not have any more, so that the IdP creates them again. */
export function goneFromBox(id: string): ProvisioningError {
  return new ProvisioningError('not_found', `User ${id} does not exist in Box any more.`)
}

/** The answer for a group that is not there, is hidden, or is gone from Box. */
export function groupNotFound(id: string): ProvisioningError {
  return new ProvisioningError('not_found', `There is no group ${id.slice(0, 40)}.`)
}

/** The answer where nothing that was sent can be a Box login. */
export function loginMissing(): ProvisioningError {
  return new ProvisioningError(
    'login_missing',
    'Box needs an e-mail address as login: send one as userName or as primary or work e-mail, or set LOGIN_DOMAIN.'
  )
}

/** The answer for an address or userName that belongs to somebody in the directory already. */
export function loginTaken(
  login: string,
  owner: Pick<UserRecord, 'id' | 'tombstone'>
): ProvisioningError {
  if (owner.tombstone) return loginHeldByLeaver(login, owner.id)
  return new ProvisioningError(
    'login_taken',
    `${login} belongs to user ${owner.id} already: match that user instead of creating another.`
  )
}

/** The answer for an address that Box still holds for somebody who was deleted here. */
export function loginHeldByLeaver(login: string, ownerId: string): ProvisioningError {
  return new ProvisioningError(
    'login_held_by_leaver',
    `Box still holds ${login} for user ${ownerId}, who left, and the externalId differs: the files of a ` +
      'leaver are not handed to a namesake. Change the login of that user in the Box Admin Console, ' +
      'or delete the user there, and provision again.'
  )
}

/** The answer for an externalId that somebody in the directory has already. */
export function externalIdTaken(
  externalId: string,
  { id, tombstone }: Pick<UserRecord, 'id' | 'tombstone'>
): ProvisioningError {
  const whose = tombstone
    ? `user ${id}, who was deleted here and is kept in Box: delete that user in the Box Admin Console first.`
    : `user ${id} already: match that user instead of creating another.`
  return new ProvisioningError(
    'external_id_taken',
    `The externalId ${quoted(externalId)} belongs to ${whose}`
  )
}

/** The answer where one Box user has the externalId and another one the login. */
export function twoAccounts(
  externalId: string,
  { login, ownerId, loginOwnerId }: Record<'login' | 'ownerId' | 'loginOwnerId', string>
): ProvisioningError {
  return new ProvisioningError(
    'external_id_taken',
    `The externalId ${quoted(externalId)} belongs to user ${ownerId}, and ${login} to user ${loginOwnerId}: ` +
      'two Box accounts, and which is the person only an admin can tell. Give the other one another login ' +
      'in the Box Admin Console, or delete it there, and provision again.'
  )
}

/** The answer where the login is that of somebody with another externalId. */
export function loginOfAnother(login: string, id: string): ProvisioningError {
  return new ProvisioningError(
    'external_id_taken',
    `${login} belongs to user ${id}, who has another externalId: by ASSOCIATION that is another person. If ` +
      'it is the same one, correct the externalId of that user over SCIM; else give that user another ' +
      'login in the Box Admin Console. Then provision again.'
  )
}

/** The answer where several people have one externalId. */
export function externalIdAmbiguous(externalId: string, ids: readonly string[]): ProvisioningError {
  return new ProvisioningError(
    'external_id_taken',
    `The externalId ${quoted(externalId)} belongs to several users (${ids.slice(0, 10).join(', ')}): give ` +
      'all but one of them another externalId over SCIM, or delete them, and provision again.'
  )
}

/** The answer for a person without that which people are matched by. */
export function externalIdMissing(): ProvisioningError {
  return new ProvisioningError(
    'external_id_missing',
    'App users have no login that they could be found by: send an externalId that never changes.'
  )
}

/** The answer to a sign-in of somebody who left. */
export function deprovisioned(id: string): ProvisioningError {
  return new ProvisioningError(
    'deprovisioned',
    `User ${id} was deactivated or deleted, and signing in does not bring anybody back: assign the person ` +
      'to Box in the identity provider, so that provisioning activates the account.'
  )
}

/** The answer while it is not known whether Box has carried out the creation of an app user. */
export function beingCreated(retryAfterSeconds: number): ProvisioningError {
  return new ProvisioningError(
    'being_created',
    'Box has not answered whether it created this user, and does not show the user yet. It is not asked ' +
      'a second time before that is certain: ask again later.',
    { retryAfterSeconds }
  )
}

function quoted(text: string): string {
  return JSON.stringify(excerpt(text))
}

/** The answer for somebody whose account is being deleted in Box at this moment. */
export function beingDeleted(id: string): ProvisioningError {
  return new ProvisioningError(
    'being_deleted',
    `User ${id} was deleted, and the deletion in Box is under way: it is not known yet whether it is done. ` +
      'Provision again; a new account is made once it is.',
    { retryAfterSeconds: 60 }
  )
}

/** The answer for a group that is being deleted in Box at this moment. */
export function groupBeingDeleted(id: string): ProvisioningError {
  return new ProvisioningError(
    'being_deleted',
    `Group ${id} of that name was deleted, and the deletion in Box is under way. Provision again; a new group is made once it is done.`,
    { retryAfterSeconds: 30 }
  )
}

/** The answer for a login that Box knows and the enterprise does not. */
export function loginTakenOutside(login: string, cause: BoxRefusedError): ProvisioningError {
  return new ProvisioningError(
    'login_taken_outside',
    `Box already has an account with the login ${login} that is not a user of this enterprise: a personal ` +
      'account, another enterprise, or an alias of somebody; Box does not say which. Its owner must change ' +
      "the address, or be invited from Box's Admin Console and accept; with ON_LOGIN_CONFLICT=invite the " +
      `bridge sends the invite (Box request id ${cause.requestId}).`,
    { cause }
  )
}

/** The answer while an invite stands, and once it has come to nothing. */
export function inviteAnswer(invite: Pick<Invite, 'login' | 'status'>): ProvisioningError {
  const { login } = invite
  return new ProvisioningError(
    isEnded(invite) ? 'invite_ended' : 'invite_pending',
    `${login} belongs to a Box account outside this enterprise. ${inviteDetail(invite)}`
  )
}

function inviteDetail({ login, status }: Pick<Invite, 'login' | 'status'>): string {
  const forget = `\`box-scim invite forget ${login}\``
  switch (status) {
    case 'pending':
      return (
        'Its owner was invited to join the enterprise, and must accept the invite in Box, signed in to that ' +
        'account. The next attempt after that links the person; until then the answer stays the same, and no ' +
        `second invite is sent. Should another be needed, run ${forget} where the bridge runs.`
      )
    case 'accepted':
      return 'Its owner has accepted the invite, and Box does not show the person yet: provision again later.'
    case inviteUnknown:
      return (
        "An invite was on its way to its owner, and Box's answer was lost: it may have arrived or not, and Box " +
        'has no list to look in. Ask the person. If it has arrived, it must be accepted, and the next attempt ' +
        `links the person. If not, run ${forget} where the bridge runs: the next attempt sends another.`
      )
    case inviteGone:
      return (
        'Its owner was invited, and Box does not know the invite any more: it was declined or withdrawn, or has ' +
        `run out. To send another, run ${forget} where the bridge runs, and provision again.`
      )
    default:
      return (
        `Its owner was invited, and Box calls the invite ${JSON.stringify(excerpt(status))}: talk to the person. ` +
        `To send another, run ${forget} where the bridge runs, and provision again.`
      )
  }
}

/** The answer where Box does not let the owner of a login be invited. */
export function inviteRefused(login: string, cause: BoxRefusedError): ProvisioningError {
  const why =
    cause.status === 404
      ? 'no account has that address as its login, so it is probably the alias of one. Its owner must remove ' +
        'it there, which an admin of the enterprise can do for its users in the Admin Console.'
      : 'the account may belong to another enterprise, whose admin must free the address; the address may be ' +
        'the alias of a user of this enterprise, where an admin can remove it; or its owner was invited from ' +
        'the Admin Console already, and must accept.'
  return new ProvisioningError(
    'login_taken_outside',
    `${login} belongs to a Box account that is not a user of this enterprise, and Box does not invite its ` +
      `owner: ${why} ${cause.message} (Box request id ${cause.requestId}).`,
    { cause }
  )
}

/** The answer where Box does not create a person, and the login is not the reason. */
export function creationRefused(
  login: string | undefined,
  cause: BoxRefusedError
): ProvisioningError {
  return new ProvisioningError(
    'refused_by_box',
    `Box does not create ${login === undefined ? 'the app user' : `a user with the login ${login}`}. ${cause.message} (Box request id ` +
      `${cause.requestId}). Where that names no attribute, look in the Box Admin Console whether a seat of ` +
      'the licence is left and whether people of that e-mail domain may be added, and provision again.',
    { cause }
  )
}

/** The answer where Box does not take an address as a person's new login. */
export function addressRefused(email: string, cause: BoxRefusedError): ProvisioningError {
  return new ProvisioningError(
    cause.status === 409 ? 'login_taken_outside' : 'refused_by_box',
    `Box does not accept ${email} as a login, which stays what it was. The address must be unused in all of ` +
      'Box, its domain must belong to the enterprise, and the person must have confirmed the present address. ' +
      'Mend that in the Box Admin Console, or the address in the identity provider, and provision again. ' +
      `${cause.message} (Box request id ${cause.requestId}).`,
    { cause }
  )
}

/** The answer for a change of somebody whom only Box's owner may change. */
export function protectedAccount(id: string): ProvisioningError {
  return new ProvisioningError(
    'protected',
    `User ${id} is an admin or co-admin in Box, whom the bridge cannot change. Change the person in the ` +
      'Box Admin Console, or take them out of the scope of provisioning.'
  )
}

/** The answer for a change of somebody whom the configuration keeps from changes. */
export function protectedByConfiguration(id: string): ProvisioningError {
  return new ProvisioningError(
    'protected',
    `User ${id} is named in PROTECTED_LOGINS, so that provisioning never changes the person: change the ` +
      'person in the Box Admin Console, take the login off the list, or take the person out of the scope ' +
      'of provisioning.'
  )
}

/** The answer for a change of a group that the configuration keeps from changes, members included. */
export function protectedGroup(id: string): ProvisioningError {
  return new ProvisioningError(
    'protected',
    `Group ${id} is named in PROTECTED_GROUPS, so that provisioning never changes it or its members: change ` +
      'it in the Box Admin Console, take it off the list, or take it out of the scope of provisioning.'
  )
}

/** The answer for the role of the enterprise's owner, which nobody can be given. */
export function ownerRole(): ProvisioningError {
  return new ProvisioningError(
    'role_not_allowed',
    'The Box role "admin" belongs to the owner of the enterprise and cannot be provisioned: map another role.'
  )
}

/** The answer for a role, or another value, that Box does not know and that the mapping file refuses. */
export function roleUnknown(field: string, given: string): ProvisioningError {
  return new ProvisioningError(
    'role_not_allowed',
    `${JSON.stringify(excerpt(given))} is no ${field} in Box: assign another one in the identity ` +
      `provider, or map it under user.${field} in the mapping file.`
  )
}

/** The answer for a name that another group has already; Box wants names to be unique. */
export function nameTaken(
  name: string,
  owner?: Pick<GroupRecord, 'id' | 'tombstone'>
): ProvisioningError {
  const whose = owner === undefined ? 'another group in Box' : `group ${owner.id}`
  const isShown = owner?.tombstone === false
  const reason = owner?.tombstone === true ? 'which was deleted here and kept in Box: ' : ''
  const remedy = isShown
    ? 'match that group or choose another name.'
    : `${reason}rename or delete it in the Box Admin Console, or choose another name.`
  return new ProvisioningError(
    'group_name_taken',
    `Box wants group names to be unique, and "${name}" belongs to ${whose}: ${remedy}`
  )
}

/** How long an identity provider is asked to wait for a person to look at what the fuse holds. */
const fuseRetryAfterSeconds = 3_600

const heldBy: Readonly<Record<FuseName, string>> = {
  people: 'more people are to lose access than FUSE allows: this one is held and keeps access',
  memberships:
    'more memberships are to be removed than FUSE_MEMBERS allows: these are held and kept'
}

/** The answer for a removal that is held because there were too many. */
export function fuseOpen(fuse: FuseName): ProvisioningError {
  return new ProvisioningError(
    'fuse_open',
    `The fuse is open, ${heldBy[fuse]}. Run \`box-scim fuse list\` where the bridge runs to see what is ` +
      'held, then `box-scim fuse release` to carry it out or `box-scim fuse discard` to drop it.',
    { retryAfterSeconds: fuseRetryAfterSeconds }
  )
}

/** The answer for members who are not here, where STRICT_MEMBERS is on. */
export function unknownMembers(ids: readonly string[]): ProvisioningError {
  return new ProvisioningError(
    'unknown_members',
    `${ids.length} member ids are no users here: ${ids.slice(0, 20).map(excerpt).join(', ')}. ` +
      'Provision the people first; groups cannot be members.'
  )
}
