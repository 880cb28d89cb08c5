import { excerpt } from '../../lib/text.ts'
import { ScimError } from './errors.ts'

/** A piece of a filter. */
export interface Token {
  readonly kind: '(' | ')' | '[' | ']' | 'string' | 'word' | 'end'
  /** The text of a word as it was written, or a string's value without quotes and escapes. */
  readonly text: string
  /** Where it begins, counted from 0. */
  readonly position: number
}

/** The longest filter or path that is read, in UTF-16 code units. */
export const maxFilterLength = 8192

/** A filter that cannot be read or is not supported (RFC 7644 §3.12). */
export function invalidFilter(detail: string): ScimError {
  return new ScimError(400, detail, 'invalidFilter')
}

/** A bracket, a JSON string (its quotes included), or a run of anything else but blanks. */
const tokenPattern = /[()[\]]|"(?:[^"\\]|\\[^])*"|[^\s()[\]"]+/y
const blanks = /\s*/y

function skipBlanks(text: string, position: number): number {
  blanks.lastIndex = position
  blanks.exec(text)
  return blanks.lastIndex
}

function unquote(json: string, position: number): string {
  try {
    return JSON.parse(json) as string
  } catch {
    throw invalidFilter(`The string at position ${position} is no JSON string: ${excerpt(json)}`)
  }
}

function tokenAt(text: string, position: number): { token: Token; end: number } {
  tokenPattern.lastIndex = position
  const found = tokenPattern.exec(text)?.[0]
  if (found === undefined) throw invalidFilter(`The string at position ${position} has no end.`)
  const end = position + found.length
  const first = found.charAt(0)
  if (first === '"') {
    return { token: { kind: 'string', text: unquote(found, position), position }, end }
  }
  const kind = first === '(' || first === ')' || first === '[' || first === ']' ? first : 'word'
  return { token: { kind, text: found, position }, end }
}

/**
 * Cuts a filter (RFC 7644 §3.4.2.2) into tokens, the last of which is `end`.
 *
 * @throws ScimError `invalidFilter` where the text is too long or a string is malformed.
 */
export function tokenise(text: string): readonly Token[] {
  if (text.length > maxFilterLength) {
    throw invalidFilter(
      `The filter has ${text.length} characters; at most ${maxFilterLength} are read.`
    )
  }
  const tokens: Token[] = []
  let position = skipBlanks(text, 0)
  while (position < text.length) {
    const { token, end } = tokenAt(text, position)
    tokens.push(token)
    position = skipBlanks(text, end)
  }
  tokens.push({ kind: 'end', text: '', position })
  return tokens
}
