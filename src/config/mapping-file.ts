import type { MappingFileText } from './config.ts'
import type { ConfigProblem } from './config-error.ts'
import { attempt } from './sources.ts'
import type { Given, ReadFile } from './sources.ts'
import { parseJson, type JsonValue } from '../lib/json.ts'

const mappingKey = 'MAPPING_FILE'

/** The mapping file that is named, or why it cannot be read; undefined where none is. */
export function readMappingFile(
  { values }: Given,
  readFile: ReadFile
): MappingFileText | ConfigProblem | undefined {
  const path = values.get(mappingKey)?.value
  return typeof path === 'string' ? readMappingAt(path, readFile) : undefined
}

/** Reads the mapping file at a path. */
export function readMappingAt(path: string, readFile: ReadFile): MappingFileText | ConfigProblem {
  const refuse = (reason: string): ConfigProblem => ({
    key: mappingKey,
    given: `"${path}"`,
    reason,
    allowed: 'the path of a readable file that holds one JSON object',
    advice: 'Mend the path or the file; `box-scim mapping show` prints one to begin with.'
  })
  const text = attempt(() => readFile(path))
  if ('failure' in text) return refuse(`cannot be read (${text.failure})`)
  const content = parseJson(text.result)
  return content === undefined
    ? refuse('is no JSON')
    : { name: path, content: content as JsonValue }
}
