import type { AuditAction } from '../audit.ts'

/** What each action is, in words that follow "asked to" or stand alone. */
const actionWords: Readonly<Record<AuditAction, string>> = {
  'user.create': 'create a person',
  'user.connect': 'find or create the Box user of who signs in',
  'user.put': 'replace the attributes of a person',
  'user.patch': 'change a person',
  'user.delete': 'delete a person',
  'group.create': 'create a group',
  'group.put': 'replace the attributes of a group',
  'group.patch': 'change a group',
  'group.delete': 'delete a group',
  'bridge.create-user': 'looked up what became of the creation of a person',
  'bridge.create-app-user': 'looked up what became of the creation of an app user',
  'bridge.invite-user': 'looked up what became of an invite',
  'bridge.update-user': 'looked up what became of a change of a person',
  'bridge.deactivate-user': 'went on with a deactivation',
  'bridge.end-sessions': 'went on with the end of the sessions',
  'bridge.transfer-content': 'went on with the transfer of the content',
  'bridge.delete-user': 'went on with the deletion of the account',
  'bridge.add-alias': 'looked up what became of an alias',
  'bridge.remove-alias': 'went on with the removal of an alias',
  'bridge.create-group': 'looked up what became of the creation of a group',
  'bridge.update-group': 'looked up what became of a change of a group',
  'bridge.sweep-group': 'went on with the emptying of a group',
  'bridge.delete-group': 'went on with the deletion of a group',
  'bridge.dissolve-group': 'went on with the deletion of a group that was released',
  'bridge.add-membership': 'went on with a membership',
  'bridge.remove-membership': 'went on with the removal of a membership',
  'drift.users': 'found attributes of a person changed in Box',
  'drift.access': 'found the access of a person changed in Box',
  'drift.groups': 'found attributes of a group changed in Box',
  'drift.memberships': 'found a membership changed in Box',
  'drift.created': 'found somebody or a group that was created in Box',
  'drift.deleted': 'found somebody or a group gone from Box',
  'drift.restore': 'took back a change that was made in Box',
  'fuse.open': 'opened the fuse',
  'fuse.release': 'released a held removal',
  'fuse.discard': 'discarded a held removal',
  'fuse.close': 'closed the fuse',
  'fuse.expire': 'dropped a held removal',
  'invite.end': 'asked for somebody who had been invited and has accepted',
  'invite.forget': 'forgot an invite',
  'token.create': 'made an access token',
  'token.revoke': 'revoked an access token',
  'reconcile.accept': 'let a mass disappearance from Box pass',
  'access.denied': 'sent requests that were not let in',
  'audit.prune': 'removed old entries of the audit',
  'audit.erase': 'erased the data of a person'
}

/** Every action that an audit entry can have. */
export const auditActions = Object.keys(actionWords) as readonly AuditAction[]

/** The words for an action; one of another version is shown as it is. */
export function wordsOfAction(action: string): string {
  return new Map<string, string>(Object.entries(actionWords)).get(action) ?? action
}
