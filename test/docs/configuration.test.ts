import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { settings } from '../../src/config/reference.ts'

const root = join(import.meta.dirname, '../..')

/** The rows of the generated table of a page, one object a row, by column. */
async function tableOf(path: string) {
  const text = await readFile(join(root, path), 'utf8')
  const part = /<!-- configuration begins[^>]*-->([^]*)<!-- configuration ends -->/.exec(text)?.[1]
  const rows = (part ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1))
  const [columns = [], , ...body] = rows
  return body.map((cells) =>
    Object.fromEntries(cells.map((cell, index) => [columns[index] ?? '', cell]))
  )
}

const expected = settings.map(({ key, default: value, defaultNote, allowed, description }) => ({
  Key: `\`${key}\``,
  Default: value === undefined ? (defaultNote ?? '–') : `\`${value}\``,
  Allowed: allowed,
  Meaning: description
}))

t.test('the tables say what the program does; `npm run docs` writes them', async (t) => {
  t.strictSame(await tableOf('docs/configuration.md'), expected)
  t.strictSame(
    await tableOf('README.md'),
    expected.map(({ Key, Default, Meaning }) => ({ Key, Default, Meaning }))
  )
})

t.test('no page names a key that does not exist', async (t) => {
  const keys = new Set(settings.map(({ key }) => key))
  const others = new Set([
    'CONFIG_FILE',
    'NAME_FILE',
    'NODE_ENV',
    'BOX_BRIDGE_CONTAINER',
    'SCIM_HOST'
  ])
  const prefixes = new Set(settings.map(({ key }) => key.split('_')[0]))
  const pages = ['README.md']
  for await (const page of glob('docs/**/*.md', { cwd: root })) pages.push(page)
  for (const page of pages) {
    const text = await readFile(join(root, page), 'utf8')
    const named = [...text.matchAll(/\b[A-Z]{2,}(?:_[A-Z]+)+\b/g)].map(([name]) => name)
    const unknown = named.filter(
      (name) =>
        (prefixes.has(name.split('_')[0]) || name.endsWith('_FILE')) &&
        !others.has(name) &&
        !keys.has(name) &&
        !keys.has(name.replace(/_FILE$/, ''))
    )
    t.strictSame(unknown, [], page)
  }
})
