import type { EpochMs } from '../../lib/clock.ts'
import type {
  BoxGroupFields,
  BoxGroupId,
  BoxMembershipId,
  BoxUserFields,
  BoxUserId
} from '../model.ts'

/** One write that a dry run kept from Box, as plain data; `before`: what Box holds in those fields. */
export type DryWrite =
  | {
      readonly kind: 'create-user'
      readonly fields: BoxUserFields
      readonly isAppUser: boolean
      /** The id of the application, which Box puts into the login of an app user. */
      readonly application?: string
    }
  | {
      readonly kind: 'update-user'
      readonly userId: BoxUserId
      readonly fields: BoxUserFields
      readonly before: BoxUserFields
    }
  | {
      readonly kind: 'delete-user'
      readonly userId: BoxUserId
      readonly login: string
      /** Whether the content that the person owns would be destroyed. */
      readonly force: boolean
    }
  | { readonly kind: 'transfer-content'; readonly userId: BoxUserId; readonly to: BoxUserId }
  | { readonly kind: 'end-sessions'; readonly userId: BoxUserId }
  | { readonly kind: 'add-alias'; readonly userId: BoxUserId; readonly email: string }
  | {
      readonly kind: 'remove-alias'
      readonly userId: BoxUserId
      readonly email: string
      readonly aliasId: string
    }
  | { readonly kind: 'invite'; readonly login: string }
  | { readonly kind: 'create-group'; readonly fields: BoxGroupFields }
  | {
      readonly kind: 'update-group'
      readonly groupId: BoxGroupId
      readonly fields: BoxGroupFields
      readonly before: BoxGroupFields
    }
  | { readonly kind: 'delete-group'; readonly groupId: BoxGroupId; readonly name: string }
  | { readonly kind: 'add-membership'; readonly groupId: BoxGroupId; readonly userId: BoxUserId }
  | {
      readonly kind: 'remove-membership'
      readonly groupId: BoxGroupId
      readonly userId: BoxUserId
      readonly membershipId: BoxMembershipId
    }

/** A write in its place in the plan. */
export interface DryWriteEntry {
  /** Grows with each write, from 1; what the write would create has the id `dry-ID`. */
  readonly id: number
  readonly at: EpochMs
  readonly write: DryWrite
}

const prefix = 'dry-'

/** The id of what a dry run would have created. */
export function dryIdOf({ id }: Pick<DryWriteEntry, 'id'>): string {
  return `${prefix}${id}`
}

/** Tells whether an id is of something that only a dry run knows. */
export function isDryId(id: string): boolean {
  return id.startsWith(prefix)
}
