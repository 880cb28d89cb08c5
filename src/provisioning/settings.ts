import type { Milliseconds } from '../lib/clock.ts'
import type { DriftClass } from './drift/drift.ts'
import type { Mapping } from './mapping/mapping.ts'
import type { Association, UserKind } from './model.ts'
import type { FuseLimit, FuseName } from './fuse-limit.ts'

/** What becomes of people who leave. */
export interface LeaverPolicy {
  /** ON_DELETE: what follows the deactivation of a DELETE. */
  readonly onDelete: 'deactivate' | 'transfer' | 'delete'
  /** TRANSFER_TO: who receives content: a Box user id, a login, `manager` or `service`. */
  readonly transferTo: string | undefined
  /** DELETE_AFTER_DAYS: how long the rest of a DELETE waits. */
  readonly graceMs: Milliseconds
  /** DELETE_FORCE: whether a deletion destroys content. */
  readonly force: boolean
  /** END_SESSIONS: whether a deactivation ends the sessions of the person. */
  readonly endSessions: boolean
}

/** The admin's choices that provisioning obeys; see the configuration reference for each key. */
export interface ProvisioningSettings {
  /** ASSOCIATION. */
  readonly association: Association
  /** USER_KIND. */
  readonly userKind: UserKind
  /** ON_EXISTING: what a POST for a person or group that Box has and SCIM never wrote does. */
  readonly onExisting: 'link' | 'conflict'
  /** ON_LOGIN_CONFLICT: what a POST for a login that is owned outside the enterprise does. */
  readonly onLoginConflict: 'reject' | 'invite'
  /** ON_DEACTIVATE: the Box status for `active: false`. */
  readonly deactivatedStatus: string
  readonly leavers: LeaverPolicy
  /** ON_GROUP_DELETE: whether DELETE of a group deletes it in Box too. */
  readonly onGroupDelete: 'empty' | 'delete'
  /** STRICT_MEMBERS: whether unknown member ids fail the request. */
  readonly strictMembers: boolean
  /** DRIFT_RESTORE: what is set again when somebody changed it in Box; the rest is only reported. */
  readonly restores: readonly DriftClass[]
  /** MAPPING_FILE: how SCIM attributes and Box fields belong together. */
  readonly mapping: Mapping
  /** PROTECTED_LOGINS: people whom SCIM may see and never change; folded. */
  readonly protectedLogins: ReadonlySet<string>
  /** PROTECTED_GROUPS: the ids or names of groups that SCIM may see and never change; folded. */
  readonly protectedGroups: ReadonlySet<string>
  /** FUSE and FUSE_MEMBERS: how many removals pass within a window; undefined: any number. */
  readonly fuses: Readonly<Record<FuseName, FuseLimit | undefined>>
  /** DRY_RUN: whether Box is only read; an open fuse then holds nothing. */
  readonly dryRun: boolean
  /** LOG_PERSONAL_DATA: whether lines of the log about a person name the login. */
  readonly logsPersonalData: boolean
}
