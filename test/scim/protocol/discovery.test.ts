import { test } from 'tap'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { isJsonObject } from '../../../src/lib/json.ts'
import {
  resourceTypeDocument,
  resourceTypeDocuments,
  schemaDocument,
  schemaDocuments,
  serviceProviderConfig
} from '../../../src/scim/protocol/discovery.ts'
import type { AttributeDefinition } from '../../../src/scim/protocol/schemas.ts'
import { allSchemas, enterpriseUserUrn, resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const base = 'https://scim.example.com/scim/v2'

const documents = [
  ...schemaDocuments(base),
  ...resourceTypeDocuments(base),
  serviceProviderConfig(base)
]

/** RFC 7643 §7: caseExact is about texts, and a boolean cannot be unique. */
function applicable({ subAttributes, ...rest }: AttributeDefinition): object {
  const { caseExact, uniqueness, ...always } = rest
  const isText = ['string', 'reference', 'binary'].includes(rest.type)
  return {
    ...always,
    ...(isText ? { caseExact } : {}),
    ...(rest.type === 'boolean' ? {} : { uniqueness }),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(applicable) })
  }
}

void test('RFC 7643 §7: /Schemas shows every attribute with all that applies to it', async (t) => {
  t.strictSame(
    schemaDocuments(base),
    allSchemas.map(({ schemas, id, name, description, attributes }) => ({
      schemas,
      id,
      name,
      description,
      attributes: attributes.map(applicable),
      meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` }
    }))
  )
})

void test('RFC 7644 §4: one schema by its URN', async (t) => {
  t.match(schemaDocument(enterpriseUserUrn.toUpperCase(), base), { id: enterpriseUserUrn })
  t.equal(schemaDocument('urn:ietf:params:scim:schemas:core:2.0:Device', base), undefined)
  t.equal(schemaDocument('constructor', base), undefined)
})

void test('RFC 7643 §6: /ResourceTypes names only schemas that exist', async (t) => {
  const urns = new Set(allSchemas.map(({ id }) => id))
  for (const type of Object.values(resourceTypes)) {
    const document = resourceTypeDocument(type.name, base)
    t.match(document, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: type.name,
      name: type.name,
      endpoint: type.endpoint,
      schema: type.core.id,
      schemaExtensions: type.extensions.map(({ id }) => ({ schema: id, required: false })),
      meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${type.name}` }
    })
    for (const { id } of [type.core, ...type.extensions]) t.ok(urns.has(id), id)
  }
  t.equal(resourceTypeDocument('Device', base), undefined)
})

void test('RFC 7643 §5: /ServiceProviderConfig lists every required feature truthfully', async (t) => {
  t.strictSame(serviceProviderConfig(base), {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1_048_576 },
    filter: { supported: true, maxResults: 1000 },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: 1000,
      cursorTimeout: 3600
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A bearer token in the Authorization header (RFC 6750).',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true
      }
    ],
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${base}/ServiceProviderConfig`
    }
  })
})

function everyEntry(value: JsonValue): (readonly [string, JsonValue])[] {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap(everyEntry)
  if (!isJsonObject(value)) return []
  const entries = Object.entries(value)
  return [...entries, ...entries.flatMap(([, inner]) => everyEntry(inner))]
}

void test('discovery documents have camelCase keys and no null', async (t) => {
  const entries = (documents as readonly JsonObject[]).flatMap(everyEntry)
  t.ok(entries.length > 500)
  t.strictSame(
    entries.filter(([key, value]) => value === null || !/^[a-z][A-Za-z0-9]*$/.test(key)),
    []
  )
})
