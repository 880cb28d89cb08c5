import { isJsonObject } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'
import { without } from './document.ts'

/** An attribute as a whole: its name, or an extension's URN and the attribute's name in it. */
export type Root = readonly [name: string, inExtension: string | undefined]

/** Tells whether a document has the attribute. */
export function hasRoot(document: ScimDocument, [name, inner]: Root): boolean {
  if (inner === undefined) return Object.hasOwn(document, name)
  const extension = document[name]
  return isJsonObject(extension) && Object.hasOwn(extension, inner)
}

/** A copy of the document without these attributes. */
export function withoutRoots(document: ScimDocument, roots: readonly Root[]): ScimDocument {
  let result = document
  for (const [name, inner] of roots) {
    const extension = result[name]
    if (inner === undefined) result = without(result, [name])
    else if (isJsonObject(extension)) {
      result = { ...result, [name]: without(extension, [inner]) }
    }
  }
  return result
}
