import type { Generated, Insertable, Selectable } from 'kysely'

/** What the tables of people and of groups have in common. Flags are 0 or 1, times epoch ms. */
interface ResourceTable {
  readonly id: string
  readonly linked: number
  readonly tombstone: number
  readonly created_by_bridge: number
  /** JSON: what the IdP last set. */
  readonly shadow: string
  /** JSON: the Box object as last seen. */
  readonly snapshot: string
  /** JSON: the resource in the form in which it is sent. */
  readonly text: string
  /** The resource's `externalId`, to find it by index. */
  readonly external_id: string | null
  /** What a reference to the resource shows as its `display`. */
  readonly display: string
  readonly created: number
  readonly last_modified: number
  readonly revision: number
}

/** People. */
interface UserTable extends ResourceTable {
  readonly deactivated_by_bridge: number
  readonly external_id_refused: number
  /** The Box login, folded. */
  readonly login_key: string
  /** The resource's `userName`, folded. */
  readonly user_name_key: string | null
}

/** Addresses that a login change left behind as aliases in Box. */
interface UserAliasTable {
  readonly user_id: string
  readonly position: number
  readonly address: string
  /** The address, folded. */
  readonly address_key: string
}

/** Groups. */
interface GroupTable extends ResourceTable {
  /** The Box name, folded. */
  readonly name_key: string
  /** The resource's `displayName`, folded. */
  readonly display_name_key: string | null
}

/** Who is in which group. */
export interface MembershipTable {
  readonly group_id: string
  readonly user_id: string
  readonly intended: number
  readonly box_id: string | null
  readonly role: string
}

/** Operations on their way to Box, and those that have arrived. */
export interface JournalTable {
  readonly id: Generated<number>
  readonly correlation_id: string
  readonly subject: string
  /** JSON. */
  readonly operation: string
  readonly state: string
  /** 1 where access is taken away. */
  readonly removal: number
  readonly acknowledged: number
  readonly attempts: number
  readonly not_before: number
  readonly decided_at: number
  readonly sent_at: number | null
  readonly outcome: string | null
  readonly counted_at: number | null
  readonly held_at: number | null
  readonly asked_by: string | null
}

/** What was done on whose behalf. */
export interface AuditTable {
  readonly id: Generated<number>
  readonly at: number
  readonly correlation_id: string
  readonly actor: string
  readonly action: string
  readonly target: string
  /** JSON: what a request asked for. */
  readonly asked: string | null
  /** JSON. */
  readonly plan: string
  /** JSON. */
  readonly calls: string
  readonly outcome: string
  /** JSON. */
  readonly notes: string
}

/** What of the audit may be changed in the transaction that runs. Empty outside of it. */
interface AuditPermitTable {
  /** `prune` or `erase`. */
  readonly work: string
  /** The time before which entries may go, or the id of the entry. */
  readonly bound: number
}

/** How many resources of a table are visible; triggers keep it. */
interface VisibleCountTable {
  readonly resource_table: string
  readonly visible: number
}

/** What is to be read again in Box. */
export interface HintTable {
  readonly key: string
  /** JSON. */
  readonly hint: string
  /** What is needed first comes first. */
  readonly rank: number
  readonly source: string
  readonly noted_at: number
  readonly not_before: number
  readonly revision: number
}

/** Named values about the directory. */
interface StateTable {
  readonly key: string
  /** JSON. */
  readonly value: string
}

/** Bearer tokens that callers may present. */
export interface AccessTokenTable {
  readonly id: Generated<number>
  readonly name: string
  readonly digest: string
  /** JSON. */
  readonly scopes: string
  /** JSON. */
  readonly networks: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly last_used_at: number | null
}

/** What a dry run has pretended to do in Box. */
interface DryRunWriteTable {
  readonly id: Generated<number>
  readonly at: number
  /** JSON. */
  readonly write: string
}

/** Whose directory this is: one row. */
interface IdentityTable {
  readonly only: number
  readonly box_host: string
  readonly enterprise_id: string
  /** 1 for a directory of a dry run. */
  readonly dry_run: number
}

/** The migrations that were run. */
interface MigrationTable {
  readonly number: number
  readonly name: string
  readonly applied_at: number
}

/** People with Box accounts outside the enterprise who were invited. */
export interface InviteTable {
  /** The login, folded. */
  readonly login_key: string
  readonly login: string
  readonly box_id: string | null
  readonly status: string
  readonly sent_at: number
  readonly correlation_id: string
}

/** Every table of the directory's database. */
export interface Tables {
  readonly users: UserTable
  readonly user_aliases: UserAliasTable
  readonly groups: GroupTable
  readonly memberships: MembershipTable
  readonly journal: JournalTable
  readonly audit: AuditTable
  readonly audit_permits: AuditPermitTable
  readonly visible_counts: VisibleCountTable
  readonly hints: HintTable
  readonly state: StateTable
  readonly invites: InviteTable
  readonly access_tokens: AccessTokenTable
  readonly dry_run_writes: DryRunWriteTable
  readonly identity: IdentityTable
  readonly migrations: MigrationTable
}

/** A row of `users` as it is read and written. */
export type UserRow = Selectable<UserTable>

/** A row of `groups` as it is read and written. */
export type GroupRow = Selectable<GroupTable>

/** A row of `journal` about to be written. */
export type NewJournalRow = Insertable<JournalTable>
