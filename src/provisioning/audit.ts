import type { EpochMs } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'
import type { BoxCallRecord } from './box-port.ts'
import type { DriftKind } from './drift/drift.ts'
import type { BoxTrouble, ProvisioningErrorCode } from './errors.ts'
import type { BoxOperation } from './operations.ts'

/** The name under which the bridge's own work stands in the audit. */
export const bridgeActor = 'bridge'

/** The name under which commands stand in the audit. */
export const operatorActor = 'operator'

/** The name under which whoever was not let in stands in the audit. */
export const strangerActor = 'unknown'

/** What was asked or done, as the audit names it. `docs/audit.md` lists every one. */
export type AuditAction =
  | `user.${'create' | 'connect' | 'put' | 'patch' | 'delete'}`
  | `group.${'create' | 'put' | 'patch' | 'delete'}`
  /** The journal worker went on with something. */
  | `bridge.${BoxOperation['kind']}`
  /** Somebody else changed it in Box; `restore`: and the bridge took that back. */
  | `drift.${DriftKind | 'restore'}`
  | `fuse.${'open' | 'release' | 'discard' | 'close' | 'expire'}`
  | `invite.${'end' | 'forget'}`
  | `token.${'create' | 'revoke'}`
  | 'reconcile.accept'
  /** Requests of one source in one minute that were not let in. */
  | 'access.denied'
  | `audit.${'prune' | 'erase'}`

/** What came of it. `docs/audit.md` lists every one. */
export type AuditOutcome =
  | 'done'
  | ProvisioningErrorCode
  | `box_${'rate_limited' | 'unavailable' | 'credentials'}`
  /** Only the deactivation that a request asked for was done, and nothing else of it. */
  | 'deactivated_only'
  /** The request could not be applied to the resource. */
  | 'invalid_request'
  /** It turned out that Box does not have it any more. */
  | 'gone_from_box'
  /** What follows a DELETE cannot be done, and Box was not even asked. */
  | 'given_up'
  /** Nobody released it in time. */
  | 'expired'
  /** Something that nobody foresaw; the log has it under the correlation id. */
  | 'failed'
  /** 401, 403 and 429: not let in. */
  | 'unauthenticated'
  | 'forbidden'
  | 'throttled'

/** The outcome of each kind of trouble with Box. */
export const troubleOutcomes: Readonly<Record<BoxTrouble, AuditOutcome>> = {
  'rate-limited': 'box_rate_limited',
  unavailable: 'box_unavailable',
  credentials: 'box_credentials'
}

/** An attribute that a request sets or removes. */
export interface AskedAttribute {
  /** As the schema writes it, the URN of an extension in front. */
  readonly name: string
  /** Undefined where there is none, e.g. where it is removed. */
  readonly value?: JsonValue | undefined
}

/** What a request asks for, and where it came from. */
export interface AskedRequest {
  readonly method: string
  /** The pattern of the route, never the URL. */
  readonly route: string
  /** How the caller was known: `token`, `basic`, `plain` or `oidc ISSUER`; '' where they were not. */
  readonly via: string
  /** The IP address that the request came from. */
  readonly source: string
  /** Read only where the entry is written. */
  readonly attributes: () => readonly AskedAttribute[]
  /** How many requests the entry stands for; default 1. */
  readonly requests?: number
}

/** What an audit entry says. Texts hold ids, logins and attribute names, never secrets. */
export interface AuditEntry {
  readonly at: EpochMs
  readonly correlationId: string
  /** Who asked: a token's name, `client:ID` of an issuer, `bridge`, `operator` or `unknown`. */
  readonly actor: string
  readonly action: AuditAction
  /** Whom it is about, e.g. `user:123`. */
  readonly target: string
  /** Undefined for what no request asked for. */
  readonly asked?: AskedRequest | undefined
  /** What was decided, in plain data. */
  readonly plan: readonly BoxOperation[]
  readonly calls: readonly BoxCallRecord[]
  readonly outcome: AuditOutcome
  /** Anything an admin should know besides. */
  readonly notes: readonly string[]
}

/** What a request asked for, as it is kept. */
export interface AskedRecord {
  readonly method: string
  readonly route: string
  readonly via: string
  readonly source: string
  /** By name. */
  readonly attributes: readonly string[]
  /** Those whose values AUDIT_VALUES keeps. */
  readonly values: Readonly<Record<string, JsonValue>>
  readonly requests: number
}

/** A Box operation as the audit keeps it: what it sets by name, and values as AUDIT_VALUES says. */
export interface AuditedOperation {
  readonly kind: BoxOperation['kind']
  readonly userId?: string
  readonly groupId?: string
  /** The login that is invited. */
  readonly login?: string
  /** The login or alias that it is about. */
  readonly email?: string
  /** The Box status that a deactivation sets. */
  readonly status?: string
  /** Whether a deactivation belongs to a DELETE. */
  readonly tombstone?: boolean
  /** How often Box has refused it. */
  readonly refusals?: number
  /** What a creation is found by after a lost answer; absent: the login. */
  readonly foundBy?: string
  /** The names of the Box fields that it sets. */
  readonly fields?: readonly string[]
  readonly values?: Readonly<Record<string, JsonValue>>
}

/** An audit entry as it is kept: names of all attributes, and the values that AUDIT_VALUES keeps. */
export interface AuditRecord extends Omit<AuditEntry, 'asked' | 'plan' | 'action' | 'outcome'> {
  /** Grows with each entry. */
  readonly id: number
  /** An {@link AuditAction}, of this version or of an earlier one. */
  readonly action: string
  /** An {@link AuditOutcome}, of this version or of an earlier one. */
  readonly outcome: string
  readonly asked: AskedRecord | undefined
  readonly plan: readonly AuditedOperation[]
}

/** Which entries are wanted. */
export interface AuditRequest {
  /** Only entries with a greater id; 0 begins. */
  readonly afterId: number
  /** How many at most; the next request begins behind the last. */
  readonly limit: number
  /** Only entries of this time or later. */
  readonly since?: EpochMs | undefined
  /** Only entries before this time. */
  readonly until?: EpochMs | undefined
  /** Only entries with one of these texts in target, request, plan or correlation id, in any case. */
  readonly mentions?: readonly string[] | undefined
}

/** Reads of the audit. None is fast: they look at every entry behind `afterId`. */
export interface AuditReads {
  /** A page, oldest first; short of `limit` where there are no more. */
  list(request: AuditRequest): Promise<readonly AuditRecord[]>
}

/** What the erasure of a person puts in the place of what an entry said. */
export type AuditErasure = Pick<AuditRecord, 'target' | 'asked' | 'plan' | 'notes'>
