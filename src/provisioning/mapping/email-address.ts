/** Deliberately lenient: Box has the last word. RFC 5321 limits an address to 254 characters. */
const addressPattern = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[^\s@<>(),;:"[\]\\.]+$/

/** Tells whether a text can be an e-mail address. */
export function isEmailAddress(text: string): boolean {
  return text.length <= 254 && addressPattern.test(text)
}
