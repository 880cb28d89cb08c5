import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/security.md'), 'utf8')

/** The cells of every table of threats. */
const rows = (page.split(/^## Threats$/m)[1]?.split(/^## /m)[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (?:Threat|-+) /.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  )

const titles = new Map<string, Promise<ReadonlySet<string>>>()

/** The titles of the tests in a file: the first arguments of calls. */
function titlesIn(path: string): Promise<ReadonlySet<string>> {
  const found = titles.get(path) ?? read(path)
  titles.set(path, found)
  return found
}

async function read(path: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const [first] = ts.isCallExpression(node) ? node.arguments : []
    if (first !== undefined && ts.isStringLiteralLike(first)) names.add(first.text)
    ts.forEachChild(node, visit)
  }
  const text = await readFile(join(root, path), 'utf8')
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return names
}

t.test('every threat has a control, and tests that exist under that name', async (t) => {
  let tests = 0
  for (const [threat = '', control, shownBy = ''] of rows) {
    t.ok(control !== '' && shownBy !== '', threat)
    for (const shown of shownBy.split('<br>')) {
      const [, path = '', title = ''] = /^`(test\/[^`]+\.test\.ts)`: (.+)$/.exec(shown) ?? []
      tests += 1
      t.ok(path !== '' && (await titlesIn(path)).has(title), `${threat}: ${shown}`)
    }
  }
  t.ok(rows.length >= 30 && tests > rows.length, 'the tables are found')
})
