import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFile(join(root, path), 'utf8')

/** The anchor that a heading gets on the usual code hosts. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')

async function anchorsOf(path: string) {
  const headings = [...(await readFile(path, 'utf8')).matchAll(/^#+ (.*)$/gm)]
  return new Set(headings.map(([, heading = '']) => anchorOf(heading)))
}

t.test('every relative link of every page resolves', async (t) => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  for await (const page of glob('docs/**/*.md', { cwd: root })) pages.push(page)
  let links = 0
  for (const page of pages) {
    for (const [, target = ''] of (await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      links += 1
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? join(root, page) : join(root, dirname(page), path)
      await t.resolves(access(file), `${page} → ${target}`)
      if (anchor !== undefined) {
        t.ok((await anchorsOf(file)).has(anchor), `${page} → ${target}: the heading exists`)
      }
    }
  }
  t.ok(links > 20, 'links were found')
})

t.test('every page is reached from README.md', async (t) => {
  const reached = new Set<string>()
  const open = ['README.md']
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (reached.has(page)) continue
    reached.add(page)
    for (const [, target = ''] of (await read(page)).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
      if (!target.includes(':')) open.push(relative(root, join(root, dirname(page), target)))
    }
  }
  for await (const page of glob('docs/**/*.md', { cwd: root })) t.ok(reached.has(page), page)
})

interface Licensed {
  readonly license?: string
}

t.test('docs/dependencies.md names every dependency, and no other', async (t) => {
  const manifest = JSON.parse(await read('package.json')) as Record<string, Record<string, string>>
  const wanted = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {})
  )
  const rows = (await read('docs/dependencies.md'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const named = rows.map((cells) => (cells[1] ?? '').replaceAll('`', ''))
  t.strictSame(named.toSorted(), wanted.toSorted())
  const { packages } = JSON.parse(await read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly license?: string }>>
  }
  for (const [, name, reason, licence, instead] of rows) {
    t.ok(reason !== '' && instead !== '', `${name}: reason and alternative`)
    const path = `node_modules/${name?.replaceAll('`', '')}`
    const installed = await read(`${path}/package.json`).catch(() => undefined)
    // What is for another platform is not installed here.
    const found = installed === undefined ? packages[path] : (JSON.parse(installed) as Licensed)
    t.equal(licence, found?.license ?? licence, `${name}: licence`)
  }
})
