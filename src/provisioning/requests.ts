import type { EpochMs } from '../lib/clock.ts'
import type { ScimDocument } from './model.ts'

/** Who asks, and until when the answer is wanted. */
export interface RequestContext {
  readonly correlationId: string
  /** The name of the caller's token. */
  readonly actor: string
  /** When the write must have been answered. */
  readonly deadline: EpochMs
}

/** A resource as a change finds it, inside the resource's lock. */
export interface CurrentResource {
  /** What SCIM shows, `active` included. */
  readonly resource: ScimDocument
  /** What SCIM itself had written; the rest of `resource` came from Box. */
  readonly shadow: ScimDocument
}

/** A PUT or PATCH of a person. */
export interface UserChange {
  /** For the audit: `put` or `patch`. */
  readonly verb: 'put' | 'patch'
  /** True when the request asks for `active: false`, whatever else it asks for. */
  readonly deactivates: boolean
  /** Pure: what SCIM shall show next. Throws where the request cannot be applied. */
  apply(current: CurrentResource): ScimDocument
}

/** One step of a change of a group's members, applied in order. */
export type MemberChange =
  | { readonly kind: 'add' | 'remove' | 'set'; readonly ids: readonly string[] }
  /** Removes the members that match, from a filter that is no plain list of ids. */
  | { readonly kind: 'remove-matching'; readonly matches: (member: ScimDocument) => boolean }

/** A PUT or PATCH of a group. */
export interface GroupChange {
  /** For the audit: `put` or `patch`. */
  readonly verb: 'put' | 'patch'
  /** False when only members change: the group's attributes are not even read. */
  readonly touchesAttributes: boolean
  /** Pure: what SCIM shall show next, members aside. Throws where the request cannot be applied. */
  apply(current: CurrentResource): ScimDocument
  /** Empty: the members stay. */
  readonly members: readonly MemberChange[]
}
