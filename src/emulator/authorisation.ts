import type { FastifyInstance } from 'fastify'
import { pathOf } from './context.ts'
import type { EmulatorContext } from './context.ts'
import { insufficientScope } from './refusal.ts'
import type { Managed } from './scopes.ts'

/** Refuses calls about what the application may not manage: 403 `insufficient_scope`. */
export function installManagementCheck(api: FastifyInstance, context: EmulatorContext): void {
  api.addHook('onRequest', async (request) => {
    const needed = managedBy(pathOf(request.url))
    if (needed !== undefined && !context.manages.includes(needed)) throw insufficientScope()
  })
}

/** An application may always ask who it is. */
function managedBy(path: string): Managed | undefined {
  if (/^\/2\.0\/users(\/(?!me$)|$)/.test(path)) return 'users'
  return /^\/2\.0\/(groups|group_memberships)(\/|$)/.test(path) ? 'groups' : undefined
}
