import type { MappingConfig } from '../config/load.ts'
import type { JsonObject } from '../lib/json.ts'
import { compileMapping, mergedMapping, type Mapping } from '../provisioning/mapping/mapping.ts'
import { newGroupFields, newUserFields } from '../provisioning/new-fields.ts'
import { parseResource } from '../scim/protocol/resource.ts'
import { resourceTypes } from '../scim/protocol/schemas.ts'

/** What a mapping makes of a SCIM resource. */
export interface MappingPreview {
  /** What Box would get for a new person or group. */
  readonly fields: object
  /** What could not be taken over as it is. */
  readonly notes: readonly string[]
  /** Why the resource would be refused; undefined where it would not. */
  readonly refused: string | undefined
}

/** A mapping without a bridge: nothing is opened and nobody is asked. */
export interface MappingTool {
  /** The whole mapping: what the file leaves out is the default. */
  readonly mapping: JsonObject
  /** Maps the body of a POST: a person, or a group where its `schemas` say so. */
  preview(body: unknown): MappingPreview
}

/** Reads a mapping; throws where it cannot be used, naming every problem. */
export function createMappingTool(config: MappingConfig): MappingTool {
  const { mappingFile, onDeactivate } = config
  const mapping = compileMapping(mappingFile, config)
  return {
    mapping: mergedMapping(mappingFile),
    preview: (body) => previewMapping(body, mapping, onDeactivate)
  }
}

function previewMapping(
  body: unknown,
  mapping: Mapping,
  deactivatedStatus: string
): MappingPreview {
  const isGroup = JSON.stringify(body).includes(resourceTypes.Group.core.id)
  const type = isGroup ? resourceTypes.Group : resourceTypes.User
  try {
    const { document } = parseResource(type, body)
    const preview = isGroup ? newGroupFields : newUserFields
    const { fields, notes } = preview(document, { mapping, deactivatedStatus })
    return { fields, notes, refused: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { fields: {}, notes: [], refused: error.message }
  }
}
