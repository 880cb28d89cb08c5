import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { exitCodes } from '../../src/cli/command.ts'
import { checkNames } from '../../src/compose/doctor/finding.ts'
import { leaves, program, unknownCommands } from '../helpers/commands.ts'
import { runCommand } from '../helpers/run-command.ts'

const root = join(import.meta.dirname, '../..')
/** A section of docs/cli.md: what it is about and what its tables begin with. */
interface Section {
  readonly heading: string
  readonly text: string
  readonly rows: readonly (readonly string[])[]
}

async function sections(): Promise<readonly Section[]> {
  const page = await readFile(join(root, 'docs/cli.md'), 'utf8')
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [heading = '', ...lines] = part.split('\n')
      const rows = lines
        .filter((line) => line.startsWith('| `'))
        .map((line) =>
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim().replaceAll('`', ''))
        )
      return {
        heading: heading.replaceAll('`', ''),
        text: lines.join(' ').replaceAll('`', ''),
        rows
      }
    })
}

t.test('docs/cli.md and the program say the same', async (t) => {
  const documented = await sections()
  const described = documented.filter(({ heading }) => heading.startsWith('box-scim '))
  t.strictSame(
    described.map(({ heading, rows }) => ({ heading, rows })),
    leaves.map(({ path, command }) => ({
      heading: [path, ...command.registeredArguments.map(nameOf)].join(' '),
      rows: [
        ...command.registeredArguments.map((it) => [nameOf(it), it.description]),
        ...command.options.map(({ flags, description }) => [flags, description])
      ]
    })),
    'commands, arguments and options'
  )
  for (const { path, command } of leaves) {
    const section = described.find(({ heading }) => `${heading} `.startsWith(`${path} `))
    t.ok(section?.text.includes(sentence(command.description())), path)
  }
  t.strictSame(
    documented.find(({ heading }) => heading === 'Exit codes')?.rows.map(([code]) => Number(code)),
    Object.values(exitCodes)
  )
})

t.test('the help lists every command', async (t) => {
  const { code, out } = await runCommand(['--help'])
  t.equal(code, 0)
  for (const command of program.commands) t.match(out, new RegExp(`^ +${command.name()} `, 'm'))
  t.match(await runCommand(['restore']), { code: 1, out: '', err: /error: / }, 'and no other')
})

function nameOf(argument: {
  readonly required: boolean
  readonly variadic: boolean
  name(): string
}): string {
  const name = argument.name().toUpperCase() + (argument.variadic ? '…' : '')
  return argument.required ? name : `[${name}]`
}

/** A description as the page has it: a sentence of its own. */
function sentence(description: string): string {
  return `${description.charAt(0).toUpperCase()}${description.slice(1)}.`
}

t.test('docs/cli.md lists every check of the doctor', async (t) => {
  const section = (await sections()).find(({ heading }) => heading === 'box-scim doctor')
  const listed = [...(section?.text ?? '').matchAll(/\| _([^|]+)_ +\|/g)].map(([, name]) => name)
  t.strictSame(listed, checkNames)
})

t.test('no page names a command that does not exist', async (t) => {
  const pages = ['README.md', 'CHANGELOG.md']
  for await (const page of glob('docs/**/*.md', { cwd: root })) pages.push(page)
  for (const page of pages) {
    t.strictSame(unknownCommands(await readFile(join(root, page), 'utf8')), [], page)
  }
})
