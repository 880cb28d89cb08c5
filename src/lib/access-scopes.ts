/**
 * What a token or an issuer's client may be given. `read-only` takes the writes away; alone it means
 * reading people and groups.
 */
export const accessScopes = ['users', 'groups', 'read-only', 'connect', 'metrics'] as const

/** See {@link accessScopes}. */
export type AccessScope = (typeof accessScopes)[number]
