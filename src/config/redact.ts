import type { BoxCredentials, Config } from './config.ts'

const hidden = '[redacted]'

/** The configuration as it may be printed: every secret replaced, everything else as it is. */
export function redact(config: Config): object {
  const shown = {
    ...config,
    scimTokens: config.scimTokens.map(() => hidden),
    alertWebhook: config.alertWebhook && { url: hidden, secret: hidden }
  }
  if (config.mode === 'demo') return shown
  return { ...shown, boxCredentials: redactCredentials(config.boxCredentials) }
}

function redactCredentials(credentials: BoxCredentials): BoxCredentials {
  return credentials.kind === 'jwt'
    ? { ...credentials, config: hidden }
    : { ...credentials, clientSecret: hidden }
}
