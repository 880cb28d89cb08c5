import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { redact } from '../../src/config/redact.ts'
import { settings } from '../../src/config/reference.ts'
import { warnings } from '../../src/config/warnings.ts'

const noFile = () => {
  throw new Error('no file is read')
}
const real = {
  BOX_CLIENT_ID: 'client',
  BOX_CLIENT_SECRET: 'hunter2-client-secret',
  BOX_ENTERPRISE_ID: '1234567',
  SCIM_TOKEN: 'hunter2-token-0123456789,hunter2-token-9876543210'
}

t.test('a redacted configuration shows everything but secrets', async (t) => {
  const config = loadConfig(real, noFile)
  t.strictSame(redact(config), {
    ...config,
    scimTokens: ['[redacted]', '[redacted]'],
    boxCredentials: {
      kind: 'client-credentials',
      clientId: 'client',
      clientSecret: '[redacted]',
      enterpriseId: '1234567'
    }
  })
  t.strictSame(redact(loadConfig({}, noFile)), loadConfig({}, noFile), 'the demo has none')
  const webhook = {
    ALERT_WEBHOOK_URL: 'https://hooks.example.com/hunter2',
    ALERT_WEBHOOK_SECRET: 'hunter2-webhook-secret'
  }
  t.notMatch(JSON.stringify(redact(loadConfig({ ...real, ...webhook }, noFile))), 'hunter2')

  const jwt = JSON.stringify({
    boxAppSettings: {
      clientID: 'client',
      clientSecret: 'hunter2',
      appAuth: { publicKeyID: 'key', privateKey: 'hunter2', passphrase: 'hunter2' }
    },
    enterpriseID: '1234567'
  })
  const env = { BOX_JWT_CONFIG_FILE: '/jwt.json', SCIM_TOKEN: 'hunter2-token-0123456789' }
  t.notMatch(JSON.stringify(redact(loadConfig(env, () => jwt))), 'hunter2')
})

t.test('warnings', async (t) => {
  const warned = (env: Record<string, string>) => warnings(loadConfig({ ...real, ...env }, noFile))
  t.strictSame(warned({}), [])
  t.strictSame(warnings(loadConfig({}, noFile)), [])
  t.match(warned({ ON_DEACTIVATE: 'cannot_delete_edit' }), [/stay able to log in/])
  t.match(warned({ ON_DEACTIVATE: 'cannot_delete_edit_upload' }), [/stay able to log in/])
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1', 'scim.example.com', '127.0.0.1.example.com']) {
    t.match(warned({ HOST }), [/plain HTTP/], HOST)
  }
  for (const HOST of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
    t.strictSame(warned({ HOST }), [], HOST)
  }
  t.strictSame(warned({ HOST: '0.0.0.0', PUBLIC_URL: 'https://scim.example.com' }), [])
  t.match(warned({ PUBLIC_URL: 'http://scim.example.com' }), [/PUBLIC_URL is http/])
  t.match(warned({ BOX_API_URL: 'http://box.example.com' }), [/BOX_API_URL is http/])
  t.strictSame(warned({ BOX_API_URL: 'http://[::1]:8081' }), [])
  t.match(warned({ DATABASE_URL: 'file::memory:' }), [/forgets/])
  t.match(warned({ ALLOW_COADMIN: 'true' }), [/co-admin/])
})

t.test('the reference names each key once and marks the secrets', async (t) => {
  const keys = settings.map(({ key }) => key)
  t.equal(new Set(keys).size, keys.length)
  t.strictSame(
    settings.filter(({ secret }) => secret).map(({ key }) => key),
    ['SCIM_TOKEN', 'BOX_CLIENT_SECRET', 'ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET']
  )
  t.ok(settings.every(({ secret, default: value }) => !secret || value === undefined))
})
