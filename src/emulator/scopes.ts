import { insufficientScope } from './refusal.ts'

/** An application scope that not every call needs (https://developer.box.com/guides/api-calls/permissions-and-errors/scopes/). */
export type Scope = 'root_readwrite' | 'manage_enterprise_properties'

/** The scopes that an application has unless it is told others. */
export const allScopes: readonly Scope[] = ['root_readwrite', 'manage_enterprise_properties']

/** Throws 403 `insufficient_scope` unless the application has the scope. */
export function requireScope(
  application: { readonly scopes: readonly Scope[] },
  scope: Scope
): void {
  if (!application.scopes.includes(scope)) throw insufficientScope()
}
