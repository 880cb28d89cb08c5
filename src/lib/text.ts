/**
 * The form in which two texts are compared where case does not matter: logins, user names, group
 * names and every SCIM attribute with `caseExact: false` (RFC 7643 §2.2). Locale independent.
 */
export function fold(text: string): string {
  return text.toLowerCase()
}
