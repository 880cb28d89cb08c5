/**
 * The form in which two texts are compared where case does not matter: logins, user names, group
 * names and every SCIM attribute with `caseExact: false` (RFC 7643 §2.2). Locale independent.
 */
export function fold(text: string): string {
  return text.toLowerCase()
}

/** How many characters of a client's text are repeated to the client, or written down for people. */
const excerptLength = 80

/**
 * The first characters of a text, which is enough to find it in the client's configuration: what a
 * client sends may be as long as a request may be.
 */
export function excerpt(text: string): string {
  return text.length <= excerptLength ? text : `${text.slice(0, excerptLength)}…`
}
