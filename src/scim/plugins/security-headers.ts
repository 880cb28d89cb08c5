/**
 * What every answer tells browsers and caches that come across it: to keep nothing, since answers hold
 * personal data, to take nothing for a page, and to show it in none. There is no CORS header, so that no
 * page of another origin reads an answer; HSTS is left to the proxy that speaks HTTPS.
 * See https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff'
} as const
