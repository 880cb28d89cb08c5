import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { accessScopes } from '../../src/lib/access-scopes.ts'
import { provisioningAnswers, troubleAnswers } from '../../src/scim/plugins/errors.ts'
import { scimTypes } from '../../src/scim/protocol/errors.ts'
import { directoryOpenErrorCodes } from '../../src/store/errors.ts'

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/errors.md'), 'utf8')

/** The cells of the table below a heading, every one of which says something. */
function rowsBelow(heading: string, text = page): readonly (readonly string[])[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''))
  )
}

type Answers = Readonly<
  Record<string, { readonly status: number; readonly scimType?: string | undefined }>
>

for (const [heading, answers] of [
  ['What is refused', provisioningAnswers],
  ['Trouble with Box', troubleAnswers]
] as const satisfies readonly (readonly [string, Answers])[]) {
  t.test(`docs/errors.md and the program say the same: ${heading}`, async (t) => {
    const rows = rowsBelow(heading)
    t.strictSame(
      Object.fromEntries(rows.map(([code = '', answer]) => [code, answer])),
      Object.fromEntries(
        Object.entries(answers as Answers).map(([code, { status, scimType }]) => [
          code,
          [status, scimType].filter((part) => part !== undefined).join(' ')
        ])
      )
    )
    for (const cells of rows) t.notOk(cells.includes(''), `${cells[0]}: cause and what to do`)
  })
}

t.test('docs/errors.md has every scimType, and no other', async (t) => {
  t.strictSame(
    rowsBelow('Keywords').map(([name]) => name),
    scimTypes
  )
})

t.test('docs/errors.md has every status that is answered, and no other', async (t) => {
  const answered = new Set<string>()
  const form = /(?:new (?:Scim|Access)Error\(|status: |\.code\(|\? \[)\s*([45]\d\d)\b/g
  for await (const file of glob('src/scim/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8')
    for (const [, status = ''] of text.matchAll(form)) answered.add(status)
  }
  t.ok(answered.size > 10)
  t.strictSame(
    rowsBelow('Statuses').map(([status]) => status),
    [...answered].toSorted()
  )
})

t.test('docs/errors.md has every reason not to open a database, and no other', async (t) => {
  const rows = rowsBelow('Where the database cannot be opened')
  t.strictSame(
    rows.map(([code]) => code),
    directoryOpenErrorCodes
  )
  for (const cells of rows) t.notOk(cells.includes(''), `${cells[0]}: cause and what to do`)
})

t.test('docs/access.md has every scope, and no other', async (t) => {
  const access = await readFile(join(root, 'docs/access.md'), 'utf8')
  t.strictSame(
    rowsBelow('Managed tokens', access).map(([scope]) => scope),
    accessScopes
  )
})
