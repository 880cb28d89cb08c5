import { insufficientScope } from './refusal.ts'

/** A part of the enterprise that an application may manage: the scopes Manage users and Manage groups. */
export type Managed = 'users' | 'groups'

/** What an application manages unless it is told otherwise. */
const allManaged: readonly Managed[] = ['users', 'groups']

/** An application scope that not every call needs (https://developer.box.com/guides/api-calls/permissions-and-errors/scopes/). */
export type Scope = 'root_readwrite' | 'manage_enterprise_properties'

/** The scopes that an application has unless it is told others. */
export const allScopes: readonly Scope[] = ['root_readwrite', 'manage_enterprise_properties']

/** What the enterprise has granted to the application; an administrator changes it. */
export interface Authorisation {
  /** The scopes besides managing users and groups, as far as they are authorised. */
  readonly scopes: readonly Scope[]
  readonly manages: readonly Managed[]
  /** Whether an administrator has authorised the application at all. */
  readonly isAuthorised: boolean
  /** `app`: it sees what it has made itself, and nothing else of the enterprise. */
  readonly access: 'enterprise' | 'app'
}

/** An application that may do everything. */
export const fullAuthorisation: Authorisation = {
  scopes: allScopes,
  manages: allManaged,
  isAuthorised: true,
  access: 'enterprise'
}

/** Throws 403 `insufficient_scope` unless the application has the scope. */
export function requireScope(
  application: { readonly scopes: readonly Scope[] },
  scope: Scope
): void {
  if (!application.scopes.includes(scope)) throw insufficientScope()
}
