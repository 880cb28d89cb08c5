import type { JsonObject } from '../../lib/json.ts'

/** The error keywords of RFC 7644 §3.12 and of RFC 9865 §2.1; docs/errors.md explains each. */
export const scimTypes = [
  'invalidFilter',
  'tooMany',
  'uniqueness',
  'mutability',
  'invalidSyntax',
  'invalidPath',
  'noTarget',
  'invalidValue',
  'invalidVers',
  'sensitive',
  'invalidCursor',
  'expiredCursor',
  'invalidCount'
] as const

/** One of {@link scimTypes}. */
export type ScimType = (typeof scimTypes)[number]

/** What an error answer says. */
export interface ScimErrorFacts {
  /** The HTTP status. */
  readonly status: number
  readonly scimType?: ScimType | undefined
  /** One sentence that tells an admin what is wrong. */
  readonly detail: string
}

const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** A request that the protocol refuses; it changed nothing. */
export class ScimError extends Error implements ScimErrorFacts {
  override readonly name = 'ScimError'
  readonly status: number
  readonly scimType: ScimType | undefined

  constructor(status: number, detail: string, scimType?: ScimType) {
    super(detail)
    this.status = status
    this.scimType = scimType
  }

  /** The same text as `message`, under its name in RFC 7644. */
  get detail(): string {
    return this.message
  }
}

/** The body of an error answer (RFC 7644 §3.12), in which the status is a string. */
export function errorBody(error: ScimErrorFacts): JsonObject {
  return {
    schemas: [errorSchema],
    ...(error.scimType === undefined ? {} : { scimType: error.scimType }),
    detail: error.detail,
    status: String(error.status)
  }
}
