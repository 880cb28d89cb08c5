import type { AccessScope } from '../../lib/access-scopes.ts'

/** One thing that a caller may do. */
export type Right =
  'users:read' | 'users:write' | 'groups:read' | 'groups:write' | 'connect' | 'metrics'

/** Who sends a request, and what they may do. */
export interface Caller {
  /** The name of the caller's token, for logs and the audit. */
  readonly actor: string
  /** How they were known, for the audit: `token`, `plain` or `oidc ISSUER`. */
  readonly via: string
  readonly rights: ReadonlySet<Right>
}

/** What a request presents of its sender. */
export interface Presented {
  /** The `Authorization` header. */
  readonly authorization: string | undefined
  /** The sender's IP address. */
  readonly address: string
}

/**
 * Tells who sends a request. Throws `AccessError` for nobody the server knows, and where it cannot
 * be found out now.
 */
export type Authenticate = (presented: Presented) => Caller | Promise<Caller>

/** The rights that a list of scopes gives. */
export function rightsOf(scopes: readonly AccessScope[]): ReadonlySet<Right> {
  const isReadOnly = scopes.includes('read-only')
  const named = scopes.filter((scope) => scope !== 'read-only')
  const meant: readonly AccessScope[] = named.length === 0 && isReadOnly ? bothResources : named
  return new Set(meant.flatMap((scope): readonly Right[] => rightsOfScope(scope, isReadOnly)))
}

const bothResources = ['users', 'groups'] as const

function rightsOfScope(scope: AccessScope, isReadOnly: boolean): readonly Right[] {
  switch (scope) {
    case 'users':
      return isReadOnly ? ['users:read'] : ['users:read', 'users:write']
    case 'groups':
      return isReadOnly ? ['groups:read'] : ['groups:read', 'groups:write']
    case 'connect':
      return isReadOnly ? [] : ['connect']
    case 'metrics':
      return ['metrics']
    case 'read-only':
      return []
  }
}
