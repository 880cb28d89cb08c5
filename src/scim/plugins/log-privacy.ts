import type { ChildLoggerOptions } from 'pino'

/**
 * What the log never shows, should anybody log a request or a reply as a whole: only their shape is
 * written, and credentials are cut out wherever they turn up.
 * See https://getpino.io/#/docs/redaction
 */
export const logPrivacy = {
  serializers: {
    req: (request: { readonly method?: unknown }) => ({ method: request.method }),
    res: (reply: { readonly statusCode?: unknown }) => ({ status: reply.statusCode })
  },
  redact: {
    paths: [
      'authorization',
      '*.authorization',
      '*.*.authorization',
      'password',
      '*.password',
      'token',
      '*.token'
    ],
    censor: '[redacted]'
  }
} satisfies ChildLoggerOptions
