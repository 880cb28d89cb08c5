import type { JsonObject } from '../lib/json.ts'
import { driftClasses } from './config.ts'
import { issuerListSchema, issuersAllowed } from './issuers.ts'

/** One key of the configuration: its rule and its documentation in one place. */
export interface Setting {
  readonly key: string
  /** The default as it would be written; absent where there is none. */
  readonly default?: string
  /** What the documentation shows as default, where that is no value. */
  readonly defaultNote?: string
  /** JSON Schema of one value. */
  readonly schema: JsonObject
  /** What is allowed, for people. */
  readonly allowed: string
  /** What it does, for people. */
  readonly description: string
  /** True where the value must never be printed. */
  readonly secret: boolean
}

type Facts = Omit<Setting, 'key' | 'allowed' | 'secret' | 'schema'>

const setting = (
  key: string,
  allowed: string,
  schema: JsonObject,
  facts: Facts & { secret?: boolean }
): Setting => ({ key, allowed, schema, secret: false, ...facts })

const choice = (key: string, values: readonly string[], facts: Facts): Setting =>
  setting(
    key,
    values.map((value) => `\`${value}\``).join(' or '),
    { type: 'string', enum: values },
    facts
  )

/** A list of some of the values, none by default. */
const some = (key: string, values: readonly string[], description: string): Setting =>
  setting(
    key,
    `${values.map((value) => `\`${value}\``).join(', ')}, separated by commas`,
    { type: 'string', pattern: listOf(values) },
    { defaultNote: 'none', description }
  )

function listOf(values: readonly string[]): string {
  const one = `(${values.join('|')})`
  return `^ *${one}( *, *${one})* *$`
}

const flag = (key: string, description: string): Setting =>
  setting(key, '`true` or `false`', { type: 'boolean' }, { default: 'false', description })

const text: JsonObject = { type: 'string', minLength: 1 }
const fuse: JsonObject = { type: 'string', format: 'fuse' }
const fuseAllowed =
  '`N/24h`, `P%/24h` or `N or P%/24h`, e.g. `100/24h` or `20 or 3%/90m` (`h` or `m`, up to 31 days), or `off`'
const url: JsonObject = { type: 'string', format: 'base-url' }

/** Every key of the configuration, in the order in which it is documented. */
export const settings: readonly Setting[] = Object.freeze([
  setting(
    'HOST',
    'an IP address or a host name',
    { type: 'string', format: 'host' },
    {
      default: '127.0.0.1',
      description: 'Address to listen on. The demo takes loopback addresses only.'
    }
  ),
  setting(
    'PORT',
    'a whole number from 0 to 65535',
    { type: 'integer', minimum: 0, maximum: 65_535 },
    {
      default: '8080',
      description: 'Port to listen on; `0` takes a free one. The SCIM base is `/scim/v2`.'
    }
  ),
  setting('PUBLIC_URL', 'an http or https URL without query, fragment or password', url, {
    defaultNote: 'from the request',
    description:
      'Origin under which clients reach the bridge, e.g. `https://scim.example.com`; the base of `meta.location` behind a proxy.'
  }),
  setting(
    'SCIM_TOKEN',
    'tokens of at least 16 characters without spaces, separated by commas',
    { type: 'string', format: 'token-list' },
    {
      defaultNote: 'none; the demo makes one',
      description: 'Bearer tokens that SCIM clients present. Several allow a change without a gap.',
      secret: true
    }
  ),
  setting('OIDC_ISSUERS', issuersAllowed, issuerListSchema, {
    defaultNote: 'none',
    description:
      'JWT access tokens that are accepted besides: the issuer, its audience and the client ids that may ask. `docs/access.md` has examples.'
  }),
  flag(
    'BASIC_AUTH',
    'Whether HTTP Basic is accepted: the name of a managed token as user, the token as password.'
  ),
  setting(
    'TRUST_PROXY',
    'IP addresses or CIDR blocks, separated by commas',
    { type: 'string', format: 'network-list' },
    {
      defaultNote: 'none',
      description:
        'Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Without, source networks are compared with the address that connects.'
    }
  ),
  setting(
    'CALLER_RATE_PER_SECOND',
    'a whole number up to 1000000; `0` for no limit',
    { type: 'integer', minimum: 0, maximum: 1_000_000 },
    {
      default: '2000',
      description:
        'How many requests one token or client may send in a second, on average over ten seconds. Beyond that it is answered 429, removals aside.'
    }
  ),
  setting(
    'CALLER_WRITES',
    'a whole number up to 1000000; `0` for no limit',
    { type: 'integer', minimum: 0, maximum: 1_000_000 },
    {
      default: '800',
      description:
        'How many writes of one token or client may be under way. Beyond that they are answered 429, removals aside.'
    }
  ),
  setting(
    'DATABASE_URL',
    '`file:PATH` or `file::memory:`',
    { type: 'string', pattern: '^file:.+' },
    {
      default: 'file:data/bridge.db',
      description:
        'Where the directory is kept. The demo uses `file:data/demo.db` by default, a dry run `file:data/dry-run.db`.'
    }
  ),
  flag(
    'DRY_RUN',
    'Whether Box is only read: requests are answered as usual, and what would be changed in Box is kept as a plan (`docs/dry-run.md`). A dry run has a database of its own.'
  ),
  setting('BOX_API_URL', 'an http or https URL without query, fragment or password', url, {
    default: 'https://api.box.com',
    description: 'Base of the Box API and of its token endpoint.'
  }),
  setting('BOX_CLIENT_ID', 'the client id of a Box Platform App', text, {
    defaultNote: 'none',
    description: 'Client credentials: the client id.'
  }),
  setting('BOX_CLIENT_SECRET', 'the client secret of that app', text, {
    defaultNote: 'none',
    description: 'Client credentials: the client secret.',
    secret: true
  }),
  setting(
    'BOX_ENTERPRISE_ID',
    'digits',
    { type: 'string', pattern: '^\\d{1,20}$' },
    {
      defaultNote: 'none',
      description: 'Client credentials: the id of the Box enterprise.'
    }
  ),
  setting('BOX_JWT_CONFIG_FILE', "the path of Box's JWT configuration file (JSON)", text, {
    defaultNote: 'none',
    description: "Box's JWT configuration file, instead of the three keys above."
  }),
  setting(
    'BOX_CALLS_PER_MINUTE',
    'a whole number from 1 to 10000',
    { type: 'integer', minimum: 1, maximum: 10_000 },
    {
      default: '900',
      description: 'Budget for all calls to Box. Box allows about 1,000 a minute for one account.'
    }
  ),
  setting(
    'BOX_CALLS_PER_MONTH',
    'a whole number from 1 to 1000000000',
    { type: 'integer', minimum: 1, maximum: 1_000_000_000 },
    {
      defaultNote: 'none',
      description:
        'Calls to Box that a calendar month (UTC) has, as your Box contract says. The log warns at 80 % and at 100 %; nothing is held back.'
    }
  ),
  setting(
    'BOX_EVENTS_POLL_SECONDS',
    'a whole number from 0 to 86400',
    { type: 'integer', minimum: 0, maximum: 86_400 },
    {
      default: '300',
      description:
        'Drift feed: seconds between polls of Box events, which tell what people changed in Box. `0` switches it off.'
    }
  ),
  setting(
    'RECONCILE_HOURS',
    'a whole number from 0 to 168',
    { type: 'integer', minimum: 0, maximum: 168 },
    {
      default: '24',
      description:
        'Hours between two reconciles: each compares all people and a seventh of the groups with Box. `0` switches them off.'
    }
  ),
  some(
    'DRIFT_RESTORE',
    driftClasses,
    'What is set again when somebody changes it in Box: attributes of people, whether they can use Box, attributes of groups, who is in them. The rest is reported only.'
  ),
  setting(
    'REQUEST_BUDGET_SECONDS',
    'a whole number from 1 to 55',
    { type: 'integer', minimum: 1, maximum: 55 },
    {
      default: '25',
      description: 'How long a write waits for its turn and for Box before it answers 429 or 503.'
    }
  ),
  choice('ASSOCIATION', ['login', 'external_app_user_id'], {
    default: 'login',
    description:
      'How a person is matched with a Box user: by login, or by externalId first and then by login. The latter is only for identity providers whose externalId never passes to another person.'
  }),
  choice('ON_EXISTING', ['link', 'conflict'], {
    default: 'link',
    description:
      'POST for a Box user or group that SCIM has not written yet: `link` takes it over (201 with its id), `conflict` answers 409.'
  }),
  setting(
    'LOGIN_DOMAIN',
    'a domain name, e.g. `example.com`',
    { type: 'string', format: 'domain' },
    {
      defaultNote: 'none; the demo uses `example.com`',
      description:
        'Completes a userName that is no e-mail address, where no e-mail is given either.'
    }
  ),
  choice('USER_KIND', ['managed', 'app'], {
    default: 'managed',
    description:
      'Which Box users SCIM is about: people who log in to Box, or the app users of this application, who have no login of their own (needs `ASSOCIATION=external_app_user_id`). A database keeps to one kind.'
  }),
  choice('ON_DEACTIVATE', ['inactive', 'cannot_delete_edit', 'cannot_delete_edit_upload'], {
    default: 'inactive',
    description:
      'Box status for `active: false`. Both `cannot_delete_edit` and `cannot_delete_edit_upload` leave the person able to log in.'
  }),
  flag(
    'END_SESSIONS',
    'Whether the sessions of a person are ended after a deactivation, with one more call. Without, Box ends them at the next action.'
  ),
  choice('ON_DELETE', ['deactivate', 'transfer', 'delete'], {
    default: 'deactivate',
    description:
      'What DELETE of a user does. All deactivate and hide first. `transfer` then moves the content to `TRANSFER_TO` and deletes the Box user; `delete` deletes the Box user, which Box refuses while the person owns content.'
  }),
  setting(
    'TRANSFER_TO',
    'a Box user id, a login, `manager` or `service`',
    { type: 'string', pattern: '^(manager|service|\\d{1,20}|[^\\s@]+@[^\\s@]+)$' },
    {
      defaultNote: 'none',
      description:
        'Who receives the content with `ON_DELETE=transfer`: one Box user, the manager whom SCIM names (enterprise extension), or the service account.'
    }
  ),
  setting(
    'DELETE_AFTER_DAYS',
    'a whole number from 0 to 365',
    { type: 'integer', minimum: 0, maximum: 365 },
    {
      default: '0',
      description:
        'Days between the deactivation of a DELETE and the transfer and deletion. Whoever comes back meanwhile, in SCIM or in Box, stays.'
    }
  ),
  flag(
    'DELETE_FORCE',
    'Whether `ON_DELETE=delete` destroys the content that the person owns. It cannot be undone.'
  ),
  choice('ON_GROUP_DELETE', ['empty', 'delete'], {
    default: 'empty',
    description:
      'What DELETE of a group does: `empty` removes its members, hides it and keeps the Box group; `delete` deletes the Box group, and with it for good the folder collaborations of the group.'
  }),
  choice('ON_LOGIN_CONFLICT', ['reject', 'invite'], {
    default: 'reject',
    description:
      'POST for a login that belongs to a Box account outside the enterprise: `reject` answers 409; `invite` also sends its owner one Box invite, and links the person once it is accepted.'
  }),
  flag(
    'ALLOW_COADMIN',
    'Whether roles may map to `coadmin`. The bridge can never deactivate a co-admin again.'
  ),
  flag(
    'STRICT_MEMBERS',
    'Unknown member ids of a group: `false` skips them with an audit line, `true` answers 400 naming them.'
  ),
  setting('MAPPING_FILE', 'the path of a mapping file (JSON)', text, {
    defaultNote: 'the default mapping',
    description:
      'Which SCIM attribute feeds which Box field (`docs/mapping.md`). What the file leaves out is the default.'
  }),
  setting(
    'PROTECTED_LOGINS',
    'Box logins, separated by commas',
    { type: 'string', format: 'login-list' },
    {
      defaultNote: 'none',
      description:
        'People whom SCIM may see and never change, besides admins and co-admins: a change is answered 400.'
    }
  ),
  setting('PROTECTED_GROUPS', 'names or ids of Box groups, separated by commas', text, {
    defaultNote: 'none',
    description: 'Groups that SCIM may see and never change: a change is answered 400.'
  }),
  setting('FUSE', fuseAllowed, fuse, {
    default: '20 or 3%/24h',
    description:
      'How many people may be deactivated or deleted within the time: the larger of the number and the share of linked active people. What goes beyond is held until a person releases it with `box-scim fuse`.'
  }),
  setting('FUSE_MEMBERS', fuseAllowed, fuse, {
    default: '500 or 20%/24h',
    description:
      'The same for memberships that are removed, the share being of all memberships; deleting a group counts its members.'
  }),
  choice('LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe log entries that are written.'
  }),
  flag(
    'LOG_PERSONAL_DATA',
    'Whether lines of the log about a person name the login. By default they hold ids only.'
  ),
  choice('AUDIT_VALUES', ['ids', 'all'], {
    default: 'ids',
    description:
      'Which values the audit keeps besides the names of attributes: `ids` those that say whom something is about (ids, logins, names of groups) and who may do what (status, role); `all` every one but passwords.'
  }),
  setting(
    'AUDIT_RETENTION_DAYS',
    'a whole number from 0 to 3650',
    { type: 'integer', minimum: 0, maximum: 3_650 },
    {
      default: '365',
      description: 'How many days the audit keeps its entries. `0` keeps them for ever.'
    }
  ),
  setting(
    'ALERT_WEBHOOK_URL',
    'an https URL without a password, or an http one of this machine',
    { type: 'string', format: 'webhook-url' },
    {
      defaultNote: 'none',
      description:
        'Where alerts are posted as JSON, besides the log (`docs/operations/alerts.md`). Needs `ALERT_WEBHOOK_SECRET`.',
      secret: true
    }
  ),
  setting(
    'ALERT_WEBHOOK_SECRET',
    'at least 16 characters',
    { type: 'string', minLength: 16 },
    { defaultNote: 'none', description: 'What alerts are signed with (HMAC-SHA256).', secret: true }
  )
])
