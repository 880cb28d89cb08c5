import type { EpochMs } from '../lib/clock.ts'
import type { AskedRequest } from './audit.ts'
import type { MixedResource, ScimDocument, StoredResource } from './model.ts'
import type { MixedSearchRequest, SearchPage, SearchRequest } from './query.ts'

/** Who asks, and until when the answer is wanted. */
export interface RequestContext {
  readonly correlationId: string
  /** The name of the caller's token. */
  readonly actor: string
  /** For the audit; absent where the bridge itself asks. */
  readonly asked?: AskedRequest
  /** When the write must have been answered. */
  readonly deadline: EpochMs
  /**
   * The revisions that the resource may have for the change to be made (`If-Match`, RFC 7644 §3.14);
   * absent: any. A person who was to be deactivated is deactivated even where it has another.
   */
  readonly ifMatch?: readonly number[] | undefined
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
  /** True when the request itself asks for `active: true`; it then replaces an open deactivation. */
  readonly activates: boolean
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

/**
 * The use cases about people. Ids are texts from outside: anything that is no Box id is `not_found`.
 * Until the first import is done every method throws `importing`.
 */
export interface UserService {
  /** Creates, links or restores a person; the result shows `groups`. */
  create(document: ScimDocument, context: RequestContext): Promise<StoredResource>
  /** Applies a PUT or PATCH; the result shows `groups`. */
  change(id: string, change: UserChange, context: RequestContext): Promise<StoredResource>
  /** Deletes a person in SCIM, by ON_DELETE. */
  delete(id: string, context: RequestContext): Promise<void>
  /** Reads one person; `related`: with `groups`. */
  view(id: string, related: boolean): Promise<StoredResource>
  /** A page of people. */
  search(request: SearchRequest): Promise<SearchPage<StoredResource>>
}

/** Who signed in, and whether the account is new. */
export interface Connection {
  readonly boxUserId: string
  readonly created: boolean
}

/** What a single sign-on service asks; like {@link UserService}. */
export interface ConnectService {
  /**
   * Finds the person by ASSOCIATION, or creates the account (just-in-time provisioning). Throws
   * `deprovisioned` for somebody who left.
   */
  connect(document: ScimDocument, context: RequestContext): Promise<Connection>
}

/** The use cases about groups; like {@link UserService}. */
export interface GroupService {
  /** Creates, links or restores a group with these members; the result does not show `members`. */
  create(
    document: ScimDocument,
    members: readonly string[],
    context: RequestContext
  ): Promise<StoredResource>
  /** Applies a PUT or PATCH; the result does not show `members`. */
  change(id: string, change: GroupChange, context: RequestContext): Promise<StoredResource>
  /** Deletes a group in SCIM, by ON_GROUP_DELETE. */
  delete(id: string, context: RequestContext): Promise<void>
  /** Reads one group; `related`: with `members`. */
  view(id: string, related: boolean): Promise<StoredResource>
  /** A page of groups. */
  search(request: SearchRequest): Promise<SearchPage<StoredResource>>
}

/** Reads of people and groups together. */
export interface ResourceService {
  /** A page of people and groups. */
  search(request: MixedSearchRequest): Promise<SearchPage<MixedResource>>
}

/** How the bridge is doing, for `/readyz`. */
export interface Readiness {
  /** True once the first import is done; independent of Box afterwards. */
  readonly ready: boolean
  /** `ok`, or `degraded` while calls to Box fail. */
  readonly box: 'ok' | 'degraded'
  /** The first import: `done`, or how far it is. */
  readonly import: 'done' | 'pending' | { readonly users: number; readonly groups: number }
}
