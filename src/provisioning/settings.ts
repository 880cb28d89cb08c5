import type { DriftClass } from './drift/drift.ts'
import type { Mapping } from './mapping/mapping.ts'
import type { FuseLimit, FuseName } from './fuse-limit.ts'

/** The admin's choices that provisioning obeys; see the configuration reference for each key. */
export interface ProvisioningSettings {
  /** ON_EXISTING: what a POST for a person or group that Box has and SCIM never wrote does. */
  readonly onExisting: 'link' | 'conflict'
  /** ON_DEACTIVATE: the Box status for `active: false`. */
  readonly deactivatedStatus: string
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
  /** LOG_PERSONAL_DATA: whether lines of the log about a person name the login. */
  readonly logsPersonalData: boolean
}
