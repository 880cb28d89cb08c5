import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { settings } from '../src/config/reference.ts'
import type { Setting } from '../src/config/reference.ts'

/** Writes the tables of the configuration into the documentation: `npm run docs`. */
const targets = [
  { path: 'README.md', columns: ['Key', 'Default', 'Meaning'] },
  { path: 'docs/configuration.md', columns: ['Key', 'Default', 'Allowed', 'Meaning'] }
]

const cells: Readonly<Record<string, (setting: Setting) => string>> = {
  Key: ({ key }) => `\`${key}\``,
  Default: ({ default: value, defaultNote }) =>
    value === undefined ? (defaultNote ?? '–') : `\`${value}\``,
  Allowed: ({ allowed }) => allowed,
  Meaning: ({ description }) => description
}

const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`

for (const { path, columns } of targets) {
  const table = [
    row(columns),
    row(columns.map(() => '---')),
    ...settings.map((setting) => row(columns.map((column) => cells[column]?.(setting) ?? '')))
  ].join('\n')
  const text = readFileSync(path, 'utf8').replace(
    /(<!-- configuration begins[^>]*-->)[^]*(<!-- configuration ends -->)/,
    (_, begin: string, end: string) => `${begin}\n\n${table}\n\n${end}`
  )
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }))
}
