import t from 'tap'
import {
  BoxRefusedError,
  BoxUnavailableError,
  DeactivatedOnlyError,
  ProvisioningError
} from '../../../src/provisioning/errors.ts'
import type { ProvisioningErrorCode } from '../../../src/provisioning/errors.ts'
import { answerOf, provisioningAnswers, troubleAnswers } from '../../../src/scim/plugins/errors.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'

const bodyLimit = 1_000

const expected: Record<ProvisioningErrorCode, readonly [number, string?]> = {
  not_found: [404],
  login_taken: [409, 'uniqueness'],
  external_id_taken: [409, 'uniqueness'],
  login_taken_outside: [409, 'uniqueness'],
  invite_pending: [409, 'uniqueness'],
  invite_ended: [409, 'uniqueness'],
  login_held_by_leaver: [409, 'uniqueness'],
  group_name_taken: [409, 'uniqueness'],
  protected: [400, 'mutability'],
  login_missing: [400, 'invalidValue'],
  external_id_missing: [400, 'invalidValue'],
  deprovisioned: [409],
  role_not_allowed: [400, 'invalidValue'],
  unknown_members: [400, 'invalidValue'],
  invalid_value: [400, 'invalidValue'],
  refused_by_box: [400, 'invalidValue'],
  being_created: [503],
  being_deleted: [503],
  busy: [503],
  fuse_open: [503],
  importing: [503],
  version_mismatch: [412]
}

t.test('every refusal of provisioning has its status and scimType', async (t) => {
  t.same(Object.keys(provisioningAnswers).toSorted(), Object.keys(expected).toSorted())
  for (const [code, [status, scimType]] of Object.entries(expected)) {
    const answer = answerOf(
      new ProvisioningError(code as ProvisioningErrorCode, `About ${code}.`),
      bodyLimit
    )
    t.equal(answer?.status, status, code)
    t.equal(answer?.scimType, scimType, code)
    t.equal(answer?.detail, `About ${code}.`)
  }
})

t.test('no refusal looks like a bad credential', async (t) => {
  for (const answer of [...Object.values(provisioningAnswers), ...Object.values(troubleAnswers)]) {
    t.notOk([401, 403].includes(answer.status))
  }
})

t.test('an import says when to come back', async (t) => {
  const told = new ProvisioningError('importing', 'Importing.', { retryAfterSeconds: 7 })
  t.equal(answerOf(told, bodyLimit)?.retryAfterSeconds, 7)
  const untold = answerOf(new ProvisioningError('importing', 'Importing.'), bodyLimit)
  t.ok(Number.isInteger(untold?.retryAfterSeconds))
  const other = answerOf(new ProvisioningError('not_found', 'No.'), bodyLimit)
  t.equal(other?.retryAfterSeconds, undefined)
})

t.test('trouble with Box is never the fault of the caller', async (t) => {
  const statuses = { 'rate-limited': 429, unavailable: 503, credentials: 503 } as const
  for (const trouble of ['rate-limited', 'unavailable', 'credentials'] as const) {
    const error = new BoxUnavailableError('Box is busy.', {
      trouble,
      effect: 'none',
      retryAfterSeconds: 1.5
    })
    t.match(answerOf(error, bodyLimit), {
      status: statuses[trouble],
      detail: 'Box is busy.',
      retryAfterSeconds: 2
    })
  }
})

t.test('a refusal of Box that nobody translated names its code and request', async (t) => {
  const facts = { status: 403, code: 'forbidden', message: 'No.', requestId: 'abc123' }
  t.same(answerOf(new BoxRefusedError(facts), bodyLimit), {
    status: 400,
    scimType: 'invalidValue',
    detail: 'Box refused the change: No. (forbidden, Box request id abc123)'
  })
  t.equal(
    answerOf(new BoxRefusedError({ ...facts, requestId: '' }), bodyLimit)?.detail,
    'Box refused the change: No. (forbidden)'
  )
})

t.test('a deactivation beside a refused part takes the status of the refusal', async (t) => {
  const taken = new ProvisioningError('login_taken', 'The login is taken.')
  t.match(answerOf(new DeactivatedOnlyError(taken), bodyLimit), {
    status: 409,
    scimType: 'uniqueness',
    detail: /^The login is taken\. The person was deactivated/
  })
  const busy = new BoxUnavailableError('Box is busy.', {
    trouble: 'unavailable',
    effect: 'none',
    retryAfterSeconds: 9
  })
  t.match(answerOf(new DeactivatedOnlyError(busy), bodyLimit), {
    status: 503,
    retryAfterSeconds: 9,
    detail: /The person was deactivated/
  })
  const path = new ScimError(400, 'No such path.', 'invalidPath')
  t.match(answerOf(new DeactivatedOnlyError(path), bodyLimit), {
    status: 400,
    scimType: 'invalidPath'
  })
  t.equal(answerOf(new DeactivatedOnlyError(new Error('secret')), bodyLimit), undefined)
})

t.test('what nobody foresaw has no answer of its own', async (t) => {
  for (const error of [new Error('boom'), new TypeError('x'), 'text', undefined, { code: 'x' }]) {
    t.equal(answerOf(error, bodyLimit), undefined)
  }
})
