import type { Right } from '../../src/scim/access/caller.ts'

/** A request for something that a route does, and what its sender must be allowed to do. */
export interface GuardedRequest {
  readonly method: string
  /** From the root; ids stand for any. */
  readonly path: string
  readonly needs: readonly Right[]
}

const below = (base: string, requests: Readonly<Record<string, readonly Right[]>>) =>
  Object.entries(requests).map(([request, needs]): GuardedRequest => {
    const [method = '', path = ''] = request.split(' ')
    return { method, path: base + path, needs }
  })

/** Every request that needs a token. Whoever adds a route adds its line: a test compares. */
export const guardedRequests: readonly GuardedRequest[] = [
  ...below('/scim/v2', {
    'GET /Users': ['users:read'],
    'GET /Users/1': ['users:read'],
    'POST /Users/.search': ['users:read'],
    'POST /Users': ['users:write'],
    'PUT /Users/1': ['users:write'],
    'PATCH /Users/1': ['users:write'],
    'DELETE /Users/1': ['users:write'],
    'GET /Groups': ['groups:read'],
    'GET /Groups/1': ['groups:read'],
    'POST /Groups/.search': ['groups:read'],
    'POST /Groups': ['groups:write'],
    'PUT /Groups/1': ['groups:write'],
    'PATCH /Groups/1': ['groups:write'],
    'DELETE /Groups/1': ['groups:write'],
    'GET /': ['users:read', 'groups:read'],
    'POST /.search': ['users:read', 'groups:read'],
    'POST /Bulk': ['users:write', 'groups:write'],
    'GET /ServiceProviderConfig': [],
    'GET /Schemas': [],
    'GET /Schemas/1': [],
    'GET /ResourceTypes': [],
    'GET /ResourceTypes/1': [],
    'GET /Me': [],
    'GET /Me/1': [],
    'GET /nothing': []
  }),
  ...below('', { 'GET /metrics': ['metrics'], 'POST /connect': ['connect'] })
]
