import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const root = join(import.meta.dirname, '../..')

/** How the title of a test that shows a duty begins. */
const duty = /^RFC \d{4} §/

/** Every title in a test file that begins with an RFC's section. */
function titlesIn(file: string, text: string): readonly string[] {
  const titles: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && duty.test(node.text)) titles.push(node.text)
    if (ts.isTemplateExpression(node) && duty.test(node.head.text)) {
      titles.push(`a title that is put together: ${node.getText()}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  return titles
}

t.test('docs/conformance.md lists every test of a duty, and no other', async (t) => {
  const shown = new Set<string>()
  for await (const file of glob('test/**/*.test.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8')
    for (const title of titlesIn(file, text)) shown.add(`${file.slice('test/'.length)} | ${title}`)
  }
  const page = await readFile(join(root, 'docs/conformance.md'), 'utf8')
  const rows = [...page.matchAll(/^\|.*?`([\w./-]+\.test\.ts)` +\| (RFC .*?) +\|$/gm)]
  const listed = new Set(
    rows.map(([, file, title]) => `${file} | ${title?.replaceAll('\\|', '|')}`)
  )
  t.ok(rows.length > 100, 'rows were read')
  const tableRows = page.split('\n').filter((line) => /^\| (?!-|Duty|Test )/.test(line))
  t.equal(tableRows.length, rows.length, 'every row names one test')
  t.strictSame([...listed].toSorted(), [...shown].toSorted())
})
