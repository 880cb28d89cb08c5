import type { ScimDocument } from '../model.ts'
import { elementsOf, hasType, isPrimary, textOf } from './document.ts'

/** Deliberately lenient: Box has the last word. RFC 5321 limits an address to 254 characters. */
const addressPattern = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[^\s@<>(),;:"[\]\\.]+$/

/** Tells whether a text can be an e-mail address. */
export function isEmailAddress(text: string): boolean {
  return text.length <= 254 && addressPattern.test(text)
}

/**
 * The Box login of a person: the userName if it is an e-mail address, else the primary, work or
 * first e-mail, else the userName completed with `loginDomain`. Undefined where none is an address.
 */
export function loginOf(
  document: ScimDocument,
  loginDomain: string | undefined
): string | undefined {
  const userName = textOf(document, 'userName')?.trim()
  if (userName === undefined) return undefined
  if (isEmailAddress(userName)) return userName
  const email = preferredEmail(document)
  if (email !== undefined) return email
  const completed = loginDomain === undefined ? undefined : `${userName}@${loginDomain}`
  return completed !== undefined && isEmailAddress(completed) ? completed : undefined
}

function preferredEmail(document: ScimDocument): string | undefined {
  const emails = elementsOf(document, 'emails').filter((email) =>
    isEmailAddress(textOf(email, 'value') ?? '')
  )
  const preferred =
    emails.find(isPrimary) ?? emails.find((email) => hasType(email, 'work')) ?? emails[0]
  return textOf(preferred, 'value')
}
