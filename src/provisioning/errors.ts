/** Box said no: the request was understood and had no effect. Carries no secret. */
export class BoxRefusedError extends Error {
  override readonly name = 'BoxRefusedError'
  /** Box's HTTP status: 4xx except 401 and 429. */
  readonly status: number
  /** Box's error code, e.g. `user_login_already_used`; an open set. */
  readonly code: string
  /** Box's request id, or ''. */
  readonly requestId: string

  constructor(refusal: { status: number; code: string; message: string; requestId: string }) {
    super(refusal.message)
    this.status = refusal.status
    this.code = refusal.code
    this.requestId = refusal.requestId
  }
}

/** Why Box could not be reached or did not answer. */
export type BoxTrouble =
  /** Box's own rate limit, or the bridge's budget, leaves no turn before the deadline. */
  | 'rate-limited'
  /** A network failure, a time-out or a 5xx. */
  | 'unavailable'
  /** Box refuses the bridge's own credentials, scopes or authorisation. */
  | 'credentials'

/** Box could not be asked, or its answer is not known. */
export class BoxUnavailableError extends Error {
  override readonly name = 'BoxUnavailableError'
  readonly trouble: BoxTrouble
  /** `unknown`: the change may have been made; look before doing anything else. */
  readonly effect: 'none' | 'unknown'
  /** Whole seconds, at least 1. */
  readonly retryAfterSeconds: number

  constructor(
    message: string,
    facts: {
      trouble: BoxTrouble
      effect: 'none' | 'unknown'
      retryAfterSeconds: number
      cause?: unknown
    }
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.trouble = facts.trouble
    this.effect = facts.effect
    this.retryAfterSeconds = Math.max(1, Math.ceil(facts.retryAfterSeconds))
  }
}

/**
 * Waits for a look at what became of a failed change, and resolves to undefined where Box cannot be
 * asked: the first failure then stays the one that is reported.
 */
export async function unlessTrouble<Result>(look: Promise<Result>): Promise<Result | undefined> {
  try {
    return await look
  } catch (error) {
    if (error instanceof BoxUnavailableError) return undefined
    throw error
  }
}

/**
 * The catalogue of what `provisioning` refuses. The status and `scimType` of each code are given in
 * `scim/plugins/errors.ts` only.
 */
export type ProvisioningErrorCode =
  /** No such resource, or it is hidden. */
  | 'not_found'
  /** The userName, login or externalId belongs to somebody already. */
  | 'login_taken'
  /** The externalId belongs to somebody already, or not to the person who has the login. */
  | 'external_id_taken'
  /** What people are matched by is missing. */
  | 'external_id_missing'
  /** The person is deactivated or deleted, and only provisioning brings them back. */
  | 'deprovisioned'
  /** It is not known yet whether the account was created. */
  | 'being_created'
  /** The login belongs to a Box account outside the enterprise. */
  | 'login_taken_outside'
  /** Its owner was invited, and has not accepted yet. */
  | 'invite_pending'
  /** Its owner was invited, and the invite has come to nothing. */
  | 'invite_ended'
  /** The login is still held for somebody who left. */
  | 'login_held_by_leaver'
  /** The account is being deleted in Box; a retry makes a new one. */
  | 'being_deleted'
  /** The userName yields no e-mail address and LOGIN_DOMAIN is not set. */
  | 'login_missing'
  /** The group name is taken. */
  | 'group_name_taken'
  /** An admin, a co-admin or the service account: never changed. */
  | 'protected'
  /** A role that cannot be provisioned. */
  | 'role_not_allowed'
  /** Member ids that are no visible users (STRICT_MEMBERS). */
  | 'unknown_members'
  /** Box refused the change. */
  | 'refused_by_box'
  /** A value that cannot be accepted. */
  | 'invalid_value'
  /** Too much is asked at a time; nothing was done. */
  | 'busy'
  /** Too many removals: they are held until a person releases or discards them. */
  | 'fuse_open'
  /** The first import of the Box enterprise is not done. */
  | 'importing'
  /** Somebody changed the resource meanwhile (If-Match). */
  | 'version_mismatch'

/** Something that provisioning refuses, with a message that tells an admin what to do. */
export class ProvisioningError extends Error {
  override readonly name = 'ProvisioningError'
  readonly code: ProvisioningErrorCode
  /** Whole seconds after which a retry makes sense, where it does. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ProvisioningErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterSeconds?: number }
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/**
 * A request that set `active: false` and was refused for another part: the person was deactivated,
 * nothing else was done. `cause` is that part's error, whose status the answer takes.
 */
export class DeactivatedOnlyError extends Error {
  override readonly name = 'DeactivatedOnlyError'

  constructor(cause: Error) {
    const rest =
      cause instanceof BoxUnavailableError
        ? 'the rest of this request was not completed.'
        : 'nothing else of this request was done.'
    super(`${cause.message} The person was deactivated; ${rest}`, { cause })
  }
}
