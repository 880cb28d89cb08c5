import { eventDisturbances } from './event-log.ts'
import { guessSchemas } from './guess-choices.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const count = { type: 'integer', minimum: 0 } as const

const object = (
  properties: Readonly<Record<string, object>>,
  required: readonly string[] = []
) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false
})

const userProperties = {
  login: { type: 'string', pattern: '^[^\\s@]+@[^\\s@]+$' },
  name: { type: 'string', minLength: 1 },
  status: { enum: ['active', 'inactive', 'cannot_delete_edit', 'cannot_delete_edit_upload'] },
  role: { enum: ['admin', 'coadmin', 'user'] },
  language: text,
  timezone: text,
  space_amount: count,
  space_used: count,
  max_upload_size: count,
  job_title: text,
  phone: text,
  address: text,
  notification_email: {
    anyOf: [
      { type: 'null' },
      object({ email: text, is_confirmed: flag }, ['email', 'is_confirmed'])
    ]
  },
  tracking_codes: {
    type: 'array',
    items: object({ type: { const: 'tracking_code' }, name: text, value: text }, [
      'type',
      'name',
      'value'
    ])
  },
  can_see_managed_users: flag,
  is_sync_enabled: flag,
  is_external_collab_restricted: flag,
  is_exempt_from_device_limits: flag,
  is_exempt_from_login_verification: flag,
  is_platform_access_only: flag,
  external_app_user_id: text,
  ownsContent: flag,
  retained: flag,
  emailConfirmed: flag,
  barred: flag,
  concealed: flag,
  transferMs: count
}

const level = { enum: ['admins_only', 'admins_and_members', 'all_managed_users'] } as const

const groupProperties = {
  name: { type: 'string', minLength: 1 },
  group_type: { enum: ['managed_group', 'all_users_group'] },
  provenance: text,
  external_sync_identifier: text,
  description: text,
  invitability_level: level,
  member_viewability_level: level
}

const scope = {
  times: { type: 'integer', minimum: 1 },
  method: text,
  path: text
}

const faultOf = (
  kinds: readonly string[],
  own: Readonly<Record<string, object>> = {},
  required: readonly string[] = []
) => object({ kind: { enum: kinds }, ...scope, ...own }, ['kind', ...required])

/** Body of `POST /_control/users`. */
export const newUser = object(userProperties, ['login', 'name'])

/** Body of `PATCH /_control/users/:user`. */
export const userChanges = object(userProperties)

/** Body of `POST /_control/groups`. */
export const newGroup = object(groupProperties, ['name'])

/** Body of `PATCH /_control/groups/:group`. */
export const groupChanges = object(groupProperties)

/** Body of `PUT /_control/groups/:group/members/:user`; may be absent. */
export const member = { ...object({ role: { enum: ['member', 'admin'] } }), nullable: true }

/** Body of `PATCH /_control/enterprise`. */
export const enterpriseChanges = object({
  domains: { type: 'array', items: text },
  seats: { type: 'integer', minimum: 0, nullable: true },
  scopes: {
    type: 'array',
    items: { enum: ['root_readwrite', 'manage_enterprise_properties'] }
  },
  manages: { type: 'array', items: { enum: ['users', 'groups'] } },
  isAuthorised: flag,
  access: { enum: ['enterprise', 'app'] }
})

/** Body of `PATCH /_control/guesses`. */
export const guessChanges = object(guessSchemas)

/** Body of `POST /_control/accounts`. */
export const newAccount = object(
  {
    login: userProperties.login,
    name: userProperties.name,
    kind: { enum: ['personal', 'other-enterprise'] },
    collaborates: flag
  },
  ['login', 'name', 'kind', 'collaborates']
)

/** Body of `PUT /_control/invites/:invite`. */
export const inviteAnswer = object({ answer: { enum: ['accepted', 'rejected'] } }, ['answer'])

/** Body of `POST /_control/reset`; may be absent. */
export const reset = { ...object({ seed: { enum: ['demo', 'empty'] } }), nullable: true }

/** Body of `POST /_control/events`: an event of any form. */
export const event = { type: 'object' }

/** Body of `POST /_control/events/disturbances`. */
export const eventDisturbance = object(
  { kind: { enum: eventDisturbances }, times: { type: 'integer', minimum: 1 } },
  ['kind']
)

/** Body of `POST /_control/faults`. */
export const fault = {
  type: 'object',
  required: ['kind'],
  oneOf: [
    faultOf(['rate-limited', '503-before', '503-after'], { retryAfterSeconds: count }),
    faultOf([
      'server-error',
      'insufficient-scope',
      'html-502',
      'reset-before',
      'reset-after',
      'notification-email-array',
      'numeric-phone'
    ]),
    faultOf(['delay', 'delay-after', 'list-delay'], { ms: count }, ['ms']),
    faultOf(['short-token'], { seconds: count }, ['seconds'])
  ]
}
