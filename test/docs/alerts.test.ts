import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { alertKinds } from '../../src/provisioning/alerts.ts'

const page = join(import.meta.dirname, '../../docs/operations/alerts.md')

t.test('docs/operations/alerts.md lists every kind of alert, and no other', async (t) => {
  const text = await readFile(page, 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z]+(?:-[a-z]+)+)` *\| .+ \| .+ \|$/gm)]
  const kinds = rows.map(([, kind]) => kind).filter((kind) => kind?.startsWith('x-') === false)
  t.strictSame(kinds, alertKinds)
})
