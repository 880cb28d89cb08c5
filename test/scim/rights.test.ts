import t from 'tap'
import type { Monitoring } from '../../src/scim/app.ts'
import { rightsOf } from '../../src/scim/access/caller.ts'
import { guardedRequests } from '../helpers/route-rights.ts'
import { startServer } from './server.ts'

/** What answers without a token, the details of `/readyz` aside. */
const open = ['/healthz', '/readyz']

const monitoring: Monitoring = {
  eventLoopDelayMs: () => 0,
  answered() {},
  shed() {},
  limited() {},
  contentType: 'text/plain',
  read: async () => ''
}

/** The patterns in Fastify's tree of routes, e.g. `/scim/v2/Users/:id`. */
function patternsIn(tree: string): readonly string[] {
  const parents: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part] = /^([│├└─ ]*)(\S+) \(/.exec(line) ?? []
    if (part === undefined) return []
    const depth = indent.length / 4
    parents.length = depth
    const whole = (parents[depth - 1] ?? '') + part
    parents[depth] = whole
    return [whole]
  })
}

function patternOf(path: string): string {
  if (/^\/scim\/v2\/Me\/./.test(path)) return '/scim/v2/Me*'
  return path.replace(/\/1$/, '/:id').replace(/(?<=.)\/$/, '')
}

t.test('the table of what routes need has every route', async (t) => {
  const server = await startServer(t, {}, { monitoring })
  const patterns = patternsIn(server.app.printRoutes({ commonPrefix: false }))
  const listed = new Set(guardedRequests.map(({ path }) => patternOf(path)))
  listed.delete('/scim/v2/nothing')
  t.strictSame([...listed, ...open].toSorted(), [...new Set(patterns)].toSorted())
})

t.test('read-only takes every write away', async (t) => {
  t.strictSame([...rightsOf(['read-only'])], ['users:read', 'groups:read'])
  t.strictSame([...rightsOf(['users', 'read-only'])], ['users:read'])
  t.strictSame([...rightsOf(['connect', 'read-only'])], [])
  t.strictSame([...rightsOf(['metrics', 'read-only'])], ['metrics'])
})
