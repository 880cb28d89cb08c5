import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig, loadDatabaseUrl } from '../../src/config/load.ts'
import { warnings } from '../../src/config/warnings.ts'

const clientSecret = 'client-secret-0123456789'
const token = 'token-0123456789-abcdef'
const real = {
  BOX_CLIENT_ID: 'client',
  BOX_CLIENT_SECRET: clientSecret,
  BOX_ENTERPRISE_ID: '1234567',
  SCIM_TOKEN: token
}

const files = (contents: Record<string, string>) => (path: string) => {
  const content = contents[path]
  if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
  return content
}
const load = (env: Record<string, string | undefined>, contents: Record<string, string> = {}) =>
  loadConfig(env, files(contents))

/** The error of a configuration that must be refused. */
function refusal(env: Record<string, string | undefined>, contents: Record<string, string> = {}) {
  try {
    load(env, contents)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}
const wrongKeys = (...parameters: Parameters<typeof refusal>) =>
  refusal(...parameters)
    .problems.map(({ key }) => key)
    .toSorted()
const boxOf = (config: Config) => {
  if (config.mode !== 'box') throw new Error('this is the demo')
  return config
}

t.test('nothing set: the demo, with every default', async (t) => {
  t.strictSame(load({ PATH: '/usr/bin', HOST: '', BOX_CLIENT_ID: '' }), {
    mode: 'demo',
    host: '127.0.0.1',
    port: 8080,
    publicUrl: undefined,
    scimTokens: [],
    oidcIssuers: [],
    basicAuth: false,
    trustedProxies: [],
    callerLimits: { requestsPerSecond: 2_000, writes: 800 },
    databaseUrl: 'file:data/demo.db',
    dryRun: false,
    boxCallsPerMinute: 900,
    boxCallsPerMonth: undefined,
    boxEventsPollMs: 300_000,
    reconcileMs: 24 * 3_600_000,
    driftRestore: [],
    requestBudgetMs: 25_000,
    association: 'login',
    onExisting: 'link',
    loginDomain: 'example.com',
    userKind: 'managed',
    onDeactivate: 'inactive',
    leavers: {
      onDelete: 'deactivate',
      transferTo: undefined,
      graceMs: 0,
      force: false,
      endSessions: false
    },
    onGroupDelete: 'empty',
    onLoginConflict: 'reject',
    allowCoadmin: false,
    strictMembers: false,
    mappingFile: undefined,
    protectedLogins: [],
    protectedGroups: [],
    fuse: { most: 20, percent: 3, windowMs: 24 * 3_600_000 },
    fuseMembers: { most: 500, percent: 20, windowMs: 24 * 3_600_000 },
    logLevel: 'info',
    logPersonalData: false,
    auditValues: 'ids',
    auditRetentionMs: 365 * 86_400_000,
    alertWebhook: undefined
  })
  t.equal(load({ LOGIN_DOMAIN: 'corp.example.com' }).loginDomain, 'corp.example.com')
  t.equal(load({ DATABASE_URL: 'file::memory:' }).databaseUrl, 'file::memory:')
})

t.test('a real enterprise', async (t) => {
  const config = boxOf(load({ ...real, NODE_ENV: 'production', BOX_BRIDGE_CONTAINER: '1' }))
  t.strictSame(config.boxCredentials, {
    kind: 'client-credentials',
    clientId: 'client',
    clientSecret,
    enterpriseId: '1234567'
  })
  t.equal(config.boxApiUrl, 'https://api.box.com')
  t.equal(config.databaseUrl, 'file:data/bridge.db')
  t.equal(config.loginDomain, undefined)
  t.strictSame(config.scimTokens, [token])

  const other = boxOf(
    load({
      ...real,
      SCIM_TOKEN: `${token}, second-token-0123456789`,
      HOST: '0.0.0.0',
      PORT: '0',
      PUBLIC_URL: 'https://scim.example.com/',
      BOX_API_URL: 'http://127.0.0.1:8081/',
      REQUEST_BUDGET_SECONDS: '55',
      ON_EXISTING: 'conflict',
      ON_DEACTIVATE: 'cannot_delete_edit',
      ALLOW_COADMIN: 'true',
      STRICT_MEMBERS: 'true',
      FUSE: '100/90m',
      FUSE_MEMBERS: 'off',
      LOG_LEVEL: 'debug'
    })
  )
  t.match(other, {
    scimTokens: [token, 'second-token-0123456789'],
    host: '0.0.0.0',
    port: 0,
    publicUrl: 'https://scim.example.com',
    boxApiUrl: 'http://127.0.0.1:8081',
    requestBudgetMs: 55_000,
    onExisting: 'conflict',
    onDeactivate: 'cannot_delete_edit',
    allowCoadmin: true,
    strictMembers: true,
    fuse: { most: 100, percent: 0, windowMs: 90 * 60_000 },
    fuseMembers: undefined,
    logLevel: 'debug'
  })
})

t.test('what drift is restored', async (t) => {
  const restored = (DRIFT_RESTORE: string) => load({ DRIFT_RESTORE }).driftRestore
  t.strictSame(restored('access'), ['access'])
  t.strictSame(restored('memberships, users'), ['users', 'memberships'])
  for (const wrong of ['all', 'access,', 'access;users']) {
    t.throws(() => restored(wrong), { message: /DRIFT_RESTORE.*`access`/ })
  }
  t.equal(load({ RECONCILE_HOURS: '0' }).reconcileMs, 0)
})

t.test('the result is frozen to its depth', async (t) => {
  const config = boxOf(load(real))
  for (const part of [config, config.boxCredentials, config.scimTokens]) {
    t.ok(Object.isFrozen(part))
  }
})

t.test('a JSON file: the environment wins, numbers and booleans are natural', async (t) => {
  const json = JSON.stringify({
    ...real,
    BOX_ENTERPRISE_ID: 7654321,
    PORT: 9000,
    STRICT_MEMBERS: true,
    BOX_EVENTS_POLL_SECONDS: 0,
    LOGIN_DOMAIN: null,
    LOG_LEVEL: 'warn'
  })
  const config = boxOf(
    load({ CONFIG_FILE: '/etc/bridge.json', LOG_LEVEL: 'error' }, { '/etc/bridge.json': json })
  )
  t.match(config, {
    port: 9000,
    strictMembers: true,
    logLevel: 'error',
    loginDomain: undefined,
    boxCredentials: { enterpriseId: '7654321' }
  })

  t.strictSame(wrongKeys({ CONFIG_FILE: '/none' }), ['CONFIG_FILE'])
  t.strictSame(wrongKeys({ CONFIG_FILE: '/list' }, { '/list': '[1]' }), ['CONFIG_FILE'])
  t.strictSame(
    wrongKeys({ CONFIG_FILE: '/c' }, { '/c': '{"PROT": 1, "__proto__": {}, "HOST": ["a"]}' }),
    ['HOST', 'PROT', '__proto__']
  )
  const broken = refusal({ CONFIG_FILE: '/c' }, { '/c': `{"SCIM_TOKEN": "${token}` })
  t.notMatch(broken.message, token, 'a parser quotes its text; the message must not')
})

t.test('secret files', async (t) => {
  const fromFiles = {
    ...real,
    SCIM_TOKEN: undefined,
    SCIM_TOKEN_FILE: '/run/token',
    BOX_CLIENT_SECRET: '',
    BOX_CLIENT_SECRET_FILE: '/run/secret',
    PORT_FILE: '/run/port'
  }
  const config = boxOf(
    load(fromFiles, {
      '/run/token': `${token}\n`,
      '/run/secret': `${clientSecret}\r\n`,
      '/run/port': '8443'
    })
  )
  t.match(config, { scimTokens: [token], port: 8443, boxCredentials: { clientSecret } })

  t.strictSame(wrongKeys({ ...real, PORT: '1', PORT_FILE: '/p' }, { '/p': '2' }), ['PORT'])
  t.strictSame(wrongKeys(fromFiles, { '/run/token': '\n', '/run/port': '1' }), [
    'BOX_CLIENT_SECRET_FILE',
    'SCIM_TOKEN_FILE'
  ])
  const inConfig = { '/c': JSON.stringify({ PORT_FILE: '/p' }), '/p': '2' }
  t.equal(load({ CONFIG_FILE: '/c' }, inConfig).port, 2)
  t.equal(load({ CONFIG_FILE: '/c', PORT: '3' }, inConfig).port, 3, 'the environment wins')

  const short = refusal(
    { ...fromFiles, PORT: '1', PORT_FILE: '' },
    {
      '/run/token': 'hunter2',
      '/run/secret': clientSecret
    }
  )
  t.notMatch(short.message, 'hunter2')
})

t.test(
  'every problem at once, with key, what was given, what is allowed, what to do',
  async (t) => {
    const error = refusal({
      ...real,
      SCIM_TOKEN: 'short-secret',
      PORT: '70000',
      PUBLIC_URL: 'https://scim.example.com/?a=b',
      DATABASE_URL: 'postgres://bridge:hunter2@db.example.com/bridge',
      BOX_ENTERPRISE_ID: 'acme',
      REQUEST_BUDGET_SECONDS: '56',
      ON_EXISTING: 'LINK',
      LOGIN_DOMAIN: '@example.com',
      ALLOW_COADMIN: 'yes',
      LOG_LEVEL: 'loud'
    })
    t.strictSame(error.problems.map(({ key }) => key).toSorted(), [
      'ALLOW_COADMIN',
      'BOX_ENTERPRISE_ID',
      'DATABASE_URL',
      'LOGIN_DOMAIN',
      'LOG_LEVEL',
      'ON_EXISTING',
      'PORT',
      'PUBLIC_URL',
      'REQUEST_BUDGET_SECONDS',
      'SCIM_TOKEN'
    ])
    const lines = error.message.split('\n')
    t.equal(lines[0], 'The configuration has 10 problems:')
    t.equal(
      lines.find((line) => line.includes('PORT')),
      '  PORT (given: "70000"): is not allowed; allowed: a whole number from 0 to 65535. Correct PORT.'
    )
    for (const problem of error.problems) {
      t.equal(problem.given === undefined, problem.key === 'SCIM_TOKEN', problem.key)
      t.match(error.message, problem.allowed)
      t.ok(problem.advice.length > 0)
    }
    t.notMatch(error.message, 'short-secret')
    t.notMatch(error.message, 'hunter2', 'nor a password inside a URL')
  }
)

t.test('a fuse that is none says how it is written', async (t) => {
  const { message } = refusal({ ...real, FUSE: '20', FUSE_MEMBERS: '3%' })
  t.match(
    message,
    /FUSE \(given: "20"\): is not allowed; allowed: `N\/24h`, .* `off`\. Correct FUSE\./
  )
  t.match(message, /FUSE_MEMBERS \(given: "3%"\): is not allowed/)
})

t.test('what follows a DELETE fits together', async (t) => {
  const transfer = { ON_DELETE: 'transfer', TRANSFER_TO: 'manager' }
  const { leavers } = load({ ...real, ...transfer, DELETE_AFTER_DAYS: '30', END_SESSIONS: 'true' })
  const graceMs = 30 * 86_400_000
  const expected = { ...transferred, graceMs, force: false, endSessions: true }
  t.strictSame(leavers, expected)
  for (const to of ['42', 'ann@example.com', 'service']) {
    t.equal(load({ ...real, ...transfer, TRANSFER_TO: to }).leavers.transferTo, to)
  }
  t.match(refusal({ ...real, ON_DELETE: 'transfer' }).message, /TRANSFER_TO: is missing beside/)
  t.match(
    refusal({ ...real, TRANSFER_TO: '42' }).message,
    /TRANSFER_TO \(given: "42"\): means nothing with ON_DELETE=deactivate; allowed: only beside ON_DELETE=transfer/
  )
  const wrong = { ...transfer, DELETE_FORCE: 'true' }
  t.strictSame(wrongKeys({ ...real, ...wrong }), ['DELETE_FORCE'])
  t.strictSame(wrongKeys({ ...real, DELETE_AFTER_DAYS: '1' }), ['DELETE_AFTER_DAYS'])
  t.strictSame(wrongKeys({ ...real, ...transfer, TRANSFER_TO: 'the boss' }), ['TRANSFER_TO'])
  t.ok(load({ ...real, DELETE_AFTER_DAYS: '0', DELETE_FORCE: 'false' }))
  t.match(warnings(load({ ...real, ...transfer })), [/cannot be undone/])
  t.match(warnings(load({ ...real, ON_GROUP_DELETE: 'delete' })), [
    /ON_GROUP_DELETE=delete: .*folders/
  ])
  const destroying = { ON_DELETE: 'delete', DELETE_FORCE: 'true' }
  t.match(warnings(load({ ...real, ...destroying })), [/deleted in Box at once/, /destroyed/])
})

const transferred = { onDelete: 'transfer', transferTo: 'manager' } as const

t.test('app users have no login that they could be found by', async (t) => {
  const byId = { ASSOCIATION: 'external_app_user_id' }
  t.match(load({ ...real, ...byId }), { association: 'external_app_user_id', userKind: 'managed' })
  t.match(load({ ...real, ...byId, USER_KIND: 'app' }), { userKind: 'app' })
  for (const env of [{}, { ASSOCIATION: 'login' }]) {
    t.match(
      refusal({ ...real, USER_KIND: 'app', ...env }).message,
      /ASSOCIATION.*Set ASSOCIATION to external_app_user_id, or unset USER_KIND\./
    )
  }
})

t.test('a login that is owned outside the enterprise', async (t) => {
  t.equal(load(real).onLoginConflict, 'reject')
  t.equal(load({ ...real, ON_LOGIN_CONFLICT: 'invite' }).onLoginConflict, 'invite')
  t.strictSame(wrongKeys({ ...real, ON_LOGIN_CONFLICT: 'ask' }), ['ON_LOGIN_CONFLICT'])
})

t.test('a database that this version does not know is refused', async (t) => {
  t.strictSame(wrongKeys({ ...real, DATABASE_URL: 'postgres://db/bridge' }), ['DATABASE_URL'])
})

t.test('the demo never starts by accident', async (t) => {
  const credentials = ['BOX_CLIENT_ID', 'BOX_CLIENT_SECRET', 'BOX_ENTERPRISE_ID']
  const refusals: [string, Record<string, string>, string[]][] = [
    ['production', { NODE_ENV: 'production', SCIM_TOKEN: token }, credentials],
    ['the container image', { BOX_BRIDGE_CONTAINER: '1', SCIM_TOKEN: token }, credentials],
    ['any BOX_ key', { BOX_API_URL: 'https://api.box.com', SCIM_TOKEN: token }, credentials],
    ['one of three', { BOX_CLIENT_ID: 'client', SCIM_TOKEN: token }, credentials.slice(1)],
    [
      'a misspelt key',
      { BOX_CLINET_ID: 'c', SCIM_TOKEN: token },
      [...credentials, 'BOX_CLINET_ID']
    ],
    [
      'an unreadable secret',
      { BOX_CLIENT_SECRET_FILE: '/none', SCIM_TOKEN: token },
      ['BOX_CLIENT_ID', 'BOX_CLIENT_SECRET_FILE', 'BOX_ENTERPRISE_ID']
    ],
    ['both kinds', { ...real, BOX_JWT_CONFIG_FILE: '/jwt' }, ['BOX_JWT_CONFIG_FILE']],
    ['an open address', { HOST: '0.0.0.0' }, ['HOST']],
    ['an open IPv6 address', { HOST: '::' }, ['HOST']]
  ]
  for (const [name, env, keys] of refusals) {
    t.strictSame(wrongKeys(env, { '/jwt': jwtFile() }), keys.toSorted(), name)
  }
  t.match(refusal({ NODE_ENV: 'production' }).message, 'because NODE_ENV is production')
  t.match(refusal({ BOX_CLIENT_ID: 'c' }).message, 'because BOX_CLIENT_ID is set')
  for (const HOST of ['localhost', '127.0.0.2', '::1']) {
    t.equal(load({ HOST }).mode, 'demo', HOST)
  }
})

function jwtFile(change: object = {}) {
  return JSON.stringify({
    boxAppSettings: {
      clientID: 'client',
      clientSecret,
      appAuth: { publicKeyID: 'key', privateKey: 'private-key', passphrase: 'passphrase' }
    },
    enterpriseID: '1234567',
    ...change
  })
}

t.test("Box's JWT configuration file", async (t) => {
  const env = { BOX_JWT_CONFIG_FILE: '/jwt.json', SCIM_TOKEN: token }
  t.match(boxOf(load(env, { '/jwt.json': jwtFile() })).boxCredentials, {
    kind: 'jwt',
    enterpriseId: '1234567',
    config: jwtFile()
  })
  t.strictSame(wrongKeys({ ...env, PORT: 'x' }), ['BOX_JWT_CONFIG_FILE', 'PORT'], 'all at once')
  const lacking = refusal(env, { '/jwt.json': jwtFile({ enterpriseID: '' }) })
  t.match(lacking.message, 'lacks enterpriseID;')
  t.notMatch(lacking.message, clientSecret)
  const noJson = refusal(env, { '/jwt.json': clientSecret })
  t.match(noJson.message, 'boxAppSettings.appAuth.privateKey')
  t.notMatch(noJson.message, clientSecret)
})

const urlOf = (env: Record<string, string>, contents: Record<string, string> = {}) =>
  loadDatabaseUrl(env, files(contents))

t.test('where the directory is can be told without the rest', async (t) => {
  t.equal(urlOf({}), 'file:data/demo.db')
  t.equal(urlOf({ NODE_ENV: 'production' }), 'file:data/bridge.db', 'no credentials are asked for')
  t.equal(urlOf({ BOX_ENTERPRISE_ID: '1' }), 'file:data/bridge.db')
  t.equal(urlOf({ DATABASE_URL: 'file:/a.db', SCIM_TOKEN: 'short', PORT: 'x' }), 'file:/a.db')
  t.equal(urlOf({ DATABASE_URL_FILE: '/url' }, { '/url': 'file:/b.db\n' }), 'file:/b.db')
  const inFile = { '/c.json': '{"DATABASE_URL":"file:/c.db","SCIM_TOKEN_FILE":"/unreadable"}' }
  t.equal(urlOf({ CONFIG_FILE: '/c.json' }, inFile), 'file:/c.db', 'secrets may be unreadable')
  for (const [key, env] of [
    ['DATABASE_URL', { DATABASE_URL: 'postgres://u:secret@host/db' }],
    ['DATABASE_URL_FILE', { DATABASE_URL_FILE: '/nowhere' }],
    ['CONFIG_FILE', { CONFIG_FILE: '/nowhere' }]
  ] as const) {
    t.throws(() => urlOf(env), { name: 'ConfigError', problems: [{ key }] }, key)
  }
})

t.test('who may call', async (t) => {
  const issuer = {
    issuer: 'https://login.example.com/tenant/v2.0',
    audience: 'api://box-scim',
    clients: ['client-1']
  }
  const asText = (...issuers: object[]) => ({ ...real, OIDC_ISSUERS: JSON.stringify(issuers) })
  const whole = { ...issuer, scopes: ['users', 'groups'], networks: [], jwksUrl: undefined }
  t.strictSame(load(asText(issuer)).oidcIssuers, [whole])
  const file = JSON.stringify({ OIDC_ISSUERS: [{ ...issuer, networks: ['192.0.2.0/24'] }] })
  t.strictSame(load({ ...real, CONFIG_FILE: '/config' }, { '/config': file }).oidcIssuers, [
    { ...whole, networks: ['192.0.2.0/24'] }
  ])
  const shared = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'
  const refused: readonly [string, Record<string, string>][] = [
    ['no list', { ...real, OIDC_ISSUERS: '{}' }],
    ['no JSON', { ...real, OIDC_ISSUERS: 'https://login.example.com' }],
    ['no client', asText({ ...issuer, clients: [] })],
    ['http', asText({ ...issuer, issuer: 'http://login.example.com' })],
    ["the audience that all of a tenant's apps share", asText({ ...issuer, audience: shared })],
    ['a scope that is none', asText({ ...issuer, scopes: ['admin'] })],
    ['a network that is none', asText({ ...issuer, networks: ['example.com'] })],
    ['a misspelt part', asText({ ...issuer, client: 'client-1' })],
    ['one issuer twice', asText(issuer, issuer)]
  ]
  for (const [name, env] of refused) t.strictSame(wrongKeys(env), ['OIDC_ISSUERS'], name)

  t.strictSame(load({ ...real, TRUST_PROXY: '10.0.0.0/8, ::1' }).trustedProxies, [
    '10.0.0.0/8',
    '::1'
  ])
  t.strictSame(wrongKeys({ ...real, TRUST_PROXY: 'true' }), ['TRUST_PROXY'])
})

t.test('alerts need an address that nobody overhears, and a secret', async (t) => {
  const secret = 'a-secret-for-the-webhook'
  const withWebhook = (url: string) =>
    load({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret }).alertWebhook
  for (const url of [
    'https://hooks.example.com/a?b=c',
    'http://127.0.0.1:9000/',
    'http://[::1]/'
  ]) {
    t.strictSame(withWebhook(url), { url, secret })
  }
  for (const url of ['http://hooks.example.com/', 'https://u:p@example.com/', 'ftp://x/', 'x']) {
    t.throws(() => withWebhook(url), /ALERT_WEBHOOK_URL: is not allowed; .*https/, url)
  }
  t.throws(() => load({ ALERT_WEBHOOK_SECRET: secret }), /ALERT_WEBHOOK_URL: is missing/)
  const url = 'https://hooks.example.com/secret-path'
  t.throws(
    () => load({ ALERT_WEBHOOK_URL: url }),
    /^(?![^]*secret-path)[^]*ALERT_WEBHOOK_SECRET: is missing/
  )
})
