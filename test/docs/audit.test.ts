import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { exportedEntry } from '../../src/provisioning/audit-export.ts'
import { auditActions } from '../../src/provisioning/explain/action-words.ts'
import { auditOutcomes } from '../../src/provisioning/explain/outcome-words.ts'
import { denialsPerMinute } from '../../src/provisioning/denials.ts'

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/audit.md'), 'utf8')

/** What the rows of a section's table begin with. */
function listed(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name)
}

t.test('docs/audit.md lists every action, outcome and field, and no other', async (t) => {
  t.strictSame(listed('Actions'), auditActions)
  t.strictSame(listed('Outcomes'), auditOutcomes)
  const entry = exportedEntry(
    {
      id: 1,
      at: 0,
      correlationId: '',
      actor: '',
      action: '',
      target: '',
      asked: undefined,
      plan: [],
      calls: [],
      outcome: '',
      notes: []
    },
    false
  )
  t.strictSame(listed('Entries'), Object.keys(entry))
  const schema = JSON.parse(await readFile(join(root, 'docs/audit-entry.schema.json'), 'utf8')) as {
    readonly required: readonly string[]
    readonly properties: object
  }
  t.strictSame(schema.required, Object.keys(entry))
  t.strictSame(Object.keys(schema.properties), Object.keys(entry))
})

t.test('it tells how many denied requests are written down', async (t) => {
  t.equal(denialsPerMinute, 20)
  t.match(page, /Twenty such entries are written for a minute at most/)
})
