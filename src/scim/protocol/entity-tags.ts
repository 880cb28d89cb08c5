import { resourceVersion } from './resource-text.ts'

/** RFC 9110 §8.8.3: the text between the quotes; `W/` says that it is weak. */
const entityTag = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g

/** RFC 9110 §13.1: any version, as long as there is one. */
const anyVersion = '*'

/** The texts of a list of entity tags. They compare weakly: every version here is weak (RFC 7644 §3.14). */
function opaqueTags(header: string): readonly string[] {
  return [...header.matchAll(entityTag)].map(([, text = '']) => text)
}

/**
 * The revisions that `If-Match`, or the `version` of a bulk operation, allows a resource to have.
 * Undefined allows any; what names no version of this server allows none.
 */
export function parseIfMatch(header: string | undefined): readonly number[] | undefined {
  if (header === undefined || header.trim() === anyVersion) return undefined
  return opaqueTags(header)
    .filter((text) => /^[1-9]\d{0,14}$/.test(text))
    .map(Number)
}

/** Tells whether `If-None-Match` names this revision: the client has the resource already. */
export function isKnown(header: string | undefined, revision: number): boolean {
  if (header === undefined) return false
  if (header.trim() === anyVersion) return true
  const [current] = opaqueTags(resourceVersion(revision))
  return opaqueTags(header).some((text) => text === current)
}
