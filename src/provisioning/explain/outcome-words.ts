import type { AuditOutcome } from '../audit.ts'

/** What each outcome means, in words for whoever runs the bridge. */
const outcomeWords: Readonly<Record<AuditOutcome, string>> = {
  done: 'done',
  not_found: 'refused: SCIM shows no such person or group (404)',
  login_taken: 'refused: the login, userName or externalId belongs to somebody else here (409)',
  external_id_taken: 'refused: the externalId belongs to somebody else (409)',
  login_taken_outside: 'refused: the login belongs to a Box account outside the enterprise (409)',
  invite_pending: 'refused: the owner of the login was invited and has not accepted yet (409)',
  invite_ended: 'refused: the owner of the login was invited, and that came to nothing (409)',
  login_held_by_leaver: 'refused: Box still holds the login for somebody who left (409)',
  deprovisioned: 'refused: the person has left, and signing in gives no access back (409)',
  being_deleted: 'put off: the account of that login is being deleted in Box (503)',
  being_created: 'put off: whether Box created the account is not known yet (503)',
  login_missing: 'refused: nothing that was sent can be a Box login (400)',
  external_id_missing: 'refused: an app user needs an externalId (400)',
  group_name_taken: 'refused: another group has the name (409)',
  protected: 'refused: a protected account or group is never changed (400)',
  role_not_allowed: 'refused: the role cannot be provisioned (400)',
  unknown_members: 'refused: members were named who are not here (400)',
  refused_by_box: 'Box refused it',
  invalid_value: 'refused: a value cannot be accepted (400)',
  busy: 'put off: too much was asked at a time (503)',
  fuse_open: 'held by the fuse: nobody lost access for it (503)',
  importing: 'put off: the first import was not done (503)',
  version_mismatch: 'refused: somebody had changed the resource meanwhile (412)',
  box_rate_limited: 'put off: no turn at Box was left in time (429)',
  box_unavailable: 'Box could not be reached or did not answer (503)',
  box_credentials: 'Box refused the credentials or the rights of the bridge (503)',
  deactivated_only: 'the person was deactivated, and nothing else of the request was done',
  invalid_request: 'refused: the request cannot be applied to what is there',
  gone_from_box: 'Box does not have it any more, so that it left the directory',
  given_up: 'not possible as things are; Box was not asked',
  expired: 'dropped: nobody had released it in time',
  failed: 'failed for a reason that nobody foresaw: the log has it under the correlation id (500)',
  unauthenticated: 'not let in: nothing acceptable was presented (401)',
  forbidden: 'not let in: the token does not permit it (403)',
  throttled: 'not let in: too many requests (429)'
}

/** Every outcome that an audit entry can have. */
export const auditOutcomes = Object.keys(outcomeWords) as readonly AuditOutcome[]

/** The words for an outcome; one of another version is shown as it is. */
export function wordsOfOutcome(outcome: string): string {
  return new Map<string, string>(Object.entries(outcomeWords)).get(outcome) ?? outcome
}
