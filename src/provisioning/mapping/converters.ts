import { isJsonObject } from '../../lib/json.ts'
import type { Scalar } from './box-fields.ts'
import { isEmailAddress } from './email-address.ts'

/** What a converter can look up besides the value. */
export interface ConverterFacts {
  /** LOGIN_DOMAIN. */
  readonly loginDomain: string | undefined
}

/** Turns a value of a SCIM attribute into those that it can stand for, the best one first. */
export type Converter = (value: string, facts: ConverterFacts) => readonly string[]

/** The converters that a mapping file can name with `as` where it reads. */
export const converters: Readonly<Record<string, Converter>> = {
  emailAddress: (value) => addressOf(value),
  loginDomain: (value, { loginDomain }) =>
    loginDomain === undefined ? [] : addressOf(`${value.trim()}@${loginDomain}`),
  languageTag: languageRanges,
  roleName: roleNames
}

function addressOf(value: string): readonly string[] {
  const text = value.trim()
  return isEmailAddress(text) ? [text] : []
}

/**
 * A language tag, or the first of an Accept-Language list, and what is left of it when its last parts
 * are taken off one by one (RFC 4647 §3.4).
 */
function languageRanges(value: string): readonly string[] {
  const tag = value.split(/[,;]/, 1)[0]?.trim().toLowerCase().replaceAll('_', '-') ?? ''
  const parts = tag.split('-')
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'))
}

/** App roles come as a name, as several with commas between them, or as JSON in a text. */
function roleNames(value: string): readonly string[] {
  const text = value.trim()
  if (!text.startsWith('{')) return text.split(',').map((name) => name.trim())
  try {
    const parsed: unknown = JSON.parse(text)
    const name = isJsonObject(parsed) ? (parsed['value'] ?? parsed['displayName']) : undefined
    return typeof name === 'string' ? [name] : []
  } catch {
    return []
  }
}

/** The converters that a mapping file can name with `as` where it shows. */
export const showConverters: Readonly<Record<string, (value: Scalar) => Scalar | undefined>> = {
  givenName: (value) => splitName(value).givenName,
  familyName: (value) => splitName(value).familyName
}

/** Box has one name: it is split at its last space. A single word stands for both. */
function splitName(name: Scalar): {
  givenName?: string | undefined
  familyName?: string | undefined
} {
  const words = String(name).trim().split(/\s+/)
  const givenName = words.length > 1 ? words.slice(0, -1).join(' ') : words[0]
  return { givenName, familyName: words.at(-1) }
}
