import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createMappingTool } from '../../src/compose/mapping-tool.ts'
import type { JsonValue } from '../../src/lib/json.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/mapping.md'), 'utf8')

t.test('every example of docs/mapping.md does what it says', async (t) => {
  let examples = 0
  for (const section of page.split(/^##+ /m)) {
    const blocks = [...section.matchAll(/```json\n([^]*?)```/g)].map(
      ([, text = '']) => JSON.parse(text) as JsonValue
    )
    if (blocks.length === 0) continue
    const [content = null, resource, expected] = blocks
    const tool = createMappingTool({
      mappingFile: { name: 'example', content },
      loginDomain: undefined,
      allowCoadmin: false,
      association: 'login',
      userKind: 'managed',
      onDeactivate: 'inactive'
    })
    const { fields, refused } = tool.preview(resource)
    const [title = ''] = section.split('\n')
    t.equal(refused, undefined, title)
    t.strictSame({ ...fields }, expected, title)
    examples += 1
  }
  t.ok(examples >= 7)
})
