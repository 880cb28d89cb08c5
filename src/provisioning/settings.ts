import type { FuseLimit, FuseName } from './fuse-limit.ts'

/** The admin's choices that provisioning obeys; see the configuration reference for each key. */
export interface ProvisioningSettings {
  /** ON_EXISTING: what a POST for a person or group that Box has and SCIM never wrote does. */
  readonly onExisting: 'link' | 'conflict'
  /** LOGIN_DOMAIN: completes a userName that is no e-mail address. */
  readonly loginDomain: string | undefined
  /** ON_DEACTIVATE: the Box status for `active: false`. */
  readonly deactivatedStatus: string
  /** ALLOW_COADMIN: whether a role may make somebody a co-admin. */
  readonly allowCoadmin: boolean
  /** STRICT_MEMBERS: whether unknown member ids fail the request. */
  readonly strictMembers: boolean
  /** FUSE and FUSE_MEMBERS: how many removals pass within a window; undefined: any number. */
  readonly fuses: Readonly<Record<FuseName, FuseLimit | undefined>>
}
