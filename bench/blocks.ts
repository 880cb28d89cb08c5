import { request } from './load.ts'
import { groupId, loginOf, userId } from './population.ts'
import { workOf } from './processes/event-loop.ts'
import type { Block } from './processes/event-loop.ts'
import type { Servers } from './reads.ts'
import type { Row } from './table.ts'

/** A request that reads or changes much. */
interface Heavy {
  readonly name: string
  readonly run: (base: string) => Promise<unknown>
}

const users = (base: string, query: Record<string, string>) =>
  request(`${base}/Users?${new URLSearchParams({ count: '100', ...query }).toString()}`)

/** Everything that has much to read, and the members of the PATCH. */
const heavies: readonly Heavy[] = [
  { name: '50,000 members', run: (base) => request(`${base}/Groups/${groupId(1)}`) },
  {
    name: 'their ids alone',
    run: (base) => request(`${base}/Groups/${groupId(1)}?attributes=members.value`)
  },
  { name: 'groups with members', run: (base) => request(`${base}/Groups`) },
  { name: 'title co', run: (base) => users(base, { filter: 'title co "engineer 4"' }) },
  {
    name: 'emails.value eq',
    run: (base) => users(base, { filter: `emails.value eq "${loginOf(5)}"` })
  },
  {
    name: 'department eq, sorted',
    run: (base) =>
      users(base, {
        filter:
          'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Department 7"',
        sortBy: 'name.familyName'
      })
  },
  { name: 'sorted', run: (base) => users(base, { sortBy: 'displayName' }) },
  { name: 'the last page', run: (base) => users(base, { startIndex: '99901' }) },
  { name: 'PATCH of 10,000 members', run: (base) => patchMany(base) }
]

function patchMany(base: string): Promise<string> {
  const members = Array.from({ length: 10_000 }, (_, n) => ({ value: userId(60_000 + n) }))
  return request(`${base}/Groups/${groupId(0)}`, {
    method: 'PATCH',
    body: patchOf('add', members),
    status: 204
  })
}

/** A PATCH that adds or removes these members. */
export function patchOf(op: 'add' | 'remove', members: readonly { readonly value: string }[]) {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op, path: 'members', value: members }]
  }
}

/** The longest block that a request may cause, in milliseconds. */
const target = 50

/**
 * Sends what reads or changes much, and tells of the longest block of the whole run. What counts is
 * what the bridge did meanwhile; the time in which it waited for a processor is shown beside it.
 */
export async function measureBlocks(servers: Servers, repeats: number): Promise<readonly Row[]> {
  const { baseline, large } = servers
  const longest = [{ name: 'load', block: await large.ask<Block>('longestBlock') }]
  for (const { name, run } of heavies) {
    const blocks: Block[] = []
    for (let repeat = 0; repeat < (name.startsWith('PATCH') ? 1 : repeats); repeat += 1) {
      await run(large.baseUrl)
      blocks.push(await large.ask<Block>('longestBlock'))
    }
    longest.push({ name, block: blocks.reduce(longer) })
  }
  const worst = longest.reduce((most, one) =>
    longer(most.block, one.block) === most.block ? most : one
  )
  const bare = await baseline.ask<Block>('longestBlock')
  return [
    {
      figure: 'longest event-loop block over the whole run, without waiting for a processor',
      measured: `${blockText(worst.block)} (${worst.name})`,
      baseline: `${blockText(bare)} (bare Fastify under load)`,
      result: longest.map(({ name, block }) => `${name} ${blockText(block)}`).join(', '),
      target: `≤ ${target} ms`,
      verdict: workOf(worst.block) <= target ? 'met' : 'missed'
    }
  ]
}

function longer(left: Block, right: Block): Block {
  return workOf(left) >= workOf(right) ? left : right
}

/** What the process did in it, and what it waited besides. */
function blockText(block: Block): string {
  const waited = block.scheduler < 1 ? '' : ` + ${block.scheduler.toFixed(0)}`
  return `${workOf(block).toFixed(0)}${waited} ms`
}
