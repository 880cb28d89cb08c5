import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { alertCatalogue, alertKinds } from '../../src/provisioning/alerts.ts'
import { unknownCommands } from '../helpers/commands.ts'

const folder = join(import.meta.dirname, '../../docs/operations')
const page = await readFile(join(folder, 'runbook.md'), 'utf8')

interface Section {
  readonly heading: string
  readonly text: string
}

/** The sections of a part of the page, by their headings. */
function sectionsOf(part: string): readonly Section[] {
  const text = page.split(/^## /m).find((section) => section.startsWith(`${part}\n`)) ?? ''
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => ({ heading: section.split('\n')[0] ?? '', text: section }))
}

const forAlerts = sectionsOf('Alerts')
const forRules = sectionsOf('Rules for Prometheus')

t.test('docs/operations/runbook.md has a section for every alert, and no other', async (t) => {
  t.strictSame(
    forAlerts.map(({ heading }) => heading),
    alertKinds
  )
})

t.test(
  'each section says how it is seen, where to look, what it means and what to do',
  async (t) => {
    const described = createMetrics().describe()
    const known = new Set(described.map(({ name }) => name))
    for (const { heading, text } of [...forAlerts, ...forRules]) {
      const items = [...text.matchAll(/^- \*\*(\w+)\*\*: \S/gm)].map(([, name]) => name)
      t.strictSame(items, ['Seen', 'Look', 'Means', 'Do'], heading)
      const metrics = text.match(/\bbox_scim_\w+/g) ?? []
      t.strictSame(
        metrics.filter((name) => !known.has(name)),
        [],
        `${heading}: metrics that exist`
      )
    }
  }
)

t.test('the command that an alert names is the one that its section names', async (t) => {
  for (const { heading, text } of forAlerts) {
    const { message } = alertCatalogue[heading as keyof typeof alertCatalogue]
    for (const [, command = ''] of message.matchAll(/(box-scim \w+(?: (?:accept|release))?)/g)) {
      t.strictSame(unknownCommands(`\`${command}\``), [], command)
      t.ok(text.includes(`\`${command}\``), `${heading}: ${command}`)
    }
  }
})

t.test(
  'each rule for Prometheus names a section, and each section for a rule has one',
  async (t) => {
    const { groups } = parse(await readFile(join(folder, 'alerts.yaml'), 'utf8')) as {
      readonly groups: readonly {
        readonly rules: readonly {
          readonly alert: string
          readonly annotations: { readonly runbook: string }
        }[]
      }[]
    }
    const rules = groups.flatMap(({ rules }) => rules)
    const headings = [...forAlerts, ...forRules].map(({ heading }) => heading.toLowerCase())
    const anchors = new Set([...headings, 'alerts'])
    for (const { alert, annotations } of rules) {
      const [path, anchor = ''] = annotations.runbook.split('#')
      t.equal(path, 'docs/operations/runbook.md', alert)
      t.ok(anchors.has(anchor), `${alert}: ${anchor}`)
    }
    const named = new Set(rules.map(({ alert }) => alert))
    t.strictSame(
      forRules.filter(({ heading }) => !named.has(heading)),
      []
    )
  }
)
