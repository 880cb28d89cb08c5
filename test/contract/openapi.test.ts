import t from 'tap'
import { createContract } from '../../scripts/contract/openapi.ts'
import type { Exchange, Violation } from '../../scripts/contract/openapi.ts'
import type { JsonObject } from '../../src/lib/json.ts'

const answers = (schema: JsonObject): JsonObject => ({
  content: { 'application/json': { schema } }
})
const error = answers({ type: 'object', properties: { code: { type: 'string' } } })

/** A description in the style of Box's, of things that do not exist. */
const document: JsonObject = {
  openapi: '3.0.2',
  paths: {
    '/things': {
      get: {
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 10 } },
          { name: 'all', in: 'query', required: true, schema: { type: 'boolean' } },
          {
            name: 'fields',
            in: 'query',
            schema: { type: 'array', items: { enum: ['id', 'name'] } }
          }
        ],
        responses: {
          '200': answers({
            type: 'object',
            properties: {
              entries: { type: 'array', items: { $ref: '#/components/schemas/Thing' } }
            }
          }),
          default: error
        }
      },
      post: {
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['name'],
                properties: { name: { type: 'string', format: 'odd' } }
              }
            }
          }
        },
        responses: { '201': answers({ $ref: '#/components/schemas/Thing' }), default: error }
      }
    },
    '/things/{id}': { delete: { responses: { '204': {}, default: error } } }
  },
  components: {
    schemas: {
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      Thing: {
        allOf: [
          { $ref: '#/components/schemas/Base' },
          {
            type: 'object',
            properties: {
              owner: { allOf: [{ $ref: '#/components/schemas/Base' }], nullable: true },
              since: { type: 'string', format: 'date-time' },
              notes: { type: 'object', additionalProperties: {} }
            }
          }
        ]
      }
    }
  }
}

const contract = createContract(document)
const thing = { id: '1', owner: null, since: '2018-04-26T20:19:51-07:00', notes: { any: 1 } }

function check(method: string, target: string, more: Partial<Exchange> = {}): readonly Violation[] {
  const url = new URL(target, 'http://localhost')
  const empty = { contentType: '', body: '' }
  return contract.check({
    method,
    path: url.pathname,
    query: url.searchParams,
    request: empty,
    status: 204,
    answer: empty,
    ...more
  })
}

const json = (value: unknown) => ({ contentType: 'application/json', body: JSON.stringify(value) })
const list = (...entries: unknown[]): Partial<Exchange> => ({
  status: 200,
  answer: json({ entries })
})

t.test('what keeps to the description is no violation', async (t) => {
  t.same(check('GET', '/2.0/things?limit=10&all=true&fields=id,name', list(thing)), [])
  const created = { request: json({ name: 'A' }), status: 201, answer: json(thing) }
  t.same(check('POST', '/2.0/things', created), [])
  t.same(check('DELETE', '/2.0/things/1'), [])
  t.same(check('DELETE', '/2.0/things/1', { status: 404, answer: json({ code: 'no' }) }), [])
  t.same(check('DELETE', '/2.0/things/1', { status: 0 }), [], 'no answer came')
})

t.test('every kind of violation is found', async (t) => {
  const cases: readonly (readonly [readonly Violation[], 'request' | 'answer', RegExp])[] = [
    [check('GET', '/2.0/nothing'), 'request', /not described/],
    [check('PATCH', '/2.0/things'), 'request', /not described/],
    [check('GET', '/2.0/things?all=true&limt=1', list()), 'request', /limt is not described/],
    [check('GET', '/2.0/things?all=true&limit=11', list()), 'request', /limit: .* <= 10/],
    [check('GET', '/2.0/things?all=true&limit=x', list()), 'request', /limit: .* integer/],
    [check('GET', '/2.0/things?all=yes', list()), 'request', /all: .* boolean/],
    [check('GET', '/2.0/things', list()), 'request', /all is missing/],
    [check('GET', '/2.0/things?all=true&fields=id,size', list()), 'request', /fields: .*allowed/],
    [check('DELETE', '/2.0/things/1', { request: json({}) }), 'request', /none is described/],
    [check('POST', '/2.0/things', { status: 0 }), 'request', /no body/],
    [check('POST', '/2.0/things', { status: 0, request: json({}) }), 'request', /'name'/],
    [
      check('POST', '/2.0/things', { status: 0, request: json({ name: 'A', size: 1 }) }),
      'request',
      /unevaluated.*size/
    ],
    [check('GET', '/2.0/things?all=true', list({})), 'answer', /entries\/\* .*'id'/],
    [check('GET', '/2.0/things?all=true', list({ id: 1 })), 'answer', /\/id must be string/],
    [check('GET', '/2.0/things?all=true', list({ id: '1', x: 1 })), 'answer', /unevaluated.*x/],
    [
      check('GET', '/2.0/things?all=true', list({ id: '1', since: 'today' })),
      'answer',
      /date-time/
    ],
    [
      check('GET', '/2.0/things?all=true', list({ id: '1', owner: { id: '2', x: 1 } })),
      'answer',
      /owner.*unevaluated/
    ],
    [check('DELETE', '/2.0/things/1', { status: 202 }), 'answer', /status 202/],
    [check('DELETE', '/2.0/things/1', { answer: json({}) }), 'answer', /has a body/],
    [
      check('DELETE', '/2.0/things/1', { status: 500, answer: json({ code: 5 }) }),
      'answer',
      /code must be string/
    ],
    [
      check('DELETE', '/2.0/things/1', {
        status: 502,
        answer: { contentType: 'text/html', body: '<html>' }
      }),
      'answer',
      /'text\/html' is not described/
    ]
  ]
  for (const [violations, side, text] of cases) {
    t.ok(
      violations.some((one) => one.side === side && text.test(one.text)),
      String(text)
    )
  }
})
