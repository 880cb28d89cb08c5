import type { Test } from 'tap'
import type { ScimAnswer } from './scim-client.ts'

/** Asserts that a write was put off for trouble with Box: a SCIM error that says when to come back. */
export function assertPutOff(
  t: Test,
  [name, answer]: readonly [string, ScimAnswer],
  status = 503
): void {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error']
  t.match(answer, { status, body: { schemas, status: String(status) } }, name)
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/, `${name}: a whole number of seconds`)
}
