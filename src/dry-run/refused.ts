import { BoxRefusedError } from '../provisioning/errors.ts'

/** Stands where Box's request id would. */
const requestId = 'dry-run'

function refusal(status: number, code: string, message: string): BoxRefusedError {
  return new BoxRefusedError({ status, code, message: `In a dry run: ${message}`, requestId })
}

/** Box's answer for an object that it does not have. */
export function notFound(what: string): BoxRefusedError {
  return refusal(404, 'not_found', `Box has no such ${what}`)
}

/** Box's answer for a login that somebody has. */
export function loginUsed(): BoxRefusedError {
  return refusal(409, 'user_login_already_used', 'somebody has this login already')
}

/** Box's answer for a group name that is taken. */
export function nameUsed(): BoxRefusedError {
  return refusal(409, 'conflict', 'another group has this name')
}

/** Box's answer for what the bridge's account may not do. */
export function denied(): BoxRefusedError {
  return refusal(403, 'access_denied_insufficient_permissions', 'Box does not let the bridge do it')
}

/** Box's answer for a request that makes no sense to it. */
export function badRequest(reason: string): BoxRefusedError {
  return refusal(400, 'bad_request', reason)
}
