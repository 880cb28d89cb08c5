import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'

const folder = join(import.meta.dirname, '../../docs/operations')
const read = (name: string) => readFile(join(folder, name), 'utf8')

const metrics = createMetrics()
const described = metrics.describe()
const known = new Map(described.map(({ name, type }) => [name, type]))

/** Names of metrics in a PromQL expression, as far as they are this program's or its process's. */
function metricsIn(expression: string): readonly string[] {
  return expression.match(/\b(?:box_scim|nodejs|process)_\w+/g) ?? []
}

/** A histogram is asked for by its parts, anything else by its name. */
function isKnown(name: string): boolean {
  const base = name.replace(/_(?:bucket|sum|count)$/, '')
  return name === base || known.get(base) !== 'histogram'
    ? known.has(name) && known.get(name) !== 'histogram'
    : true
}

interface Named {
  readonly name?: string | undefined
}

function byName(a: Named, b: Named): number {
  return (a.name ?? '').localeCompare(b.name ?? '')
}

t.test('docs/operations/metrics.md lists every metric, and no other', async (t) => {
  const rows = [
    ...(await read('metrics.md')).matchAll(/^\| `(\w+)` *\| (\w+) *\| ([^|]*?) *\| (.+?) *\|$/gm)
  ].map(([, name, type, labels = '']) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)
  }))
  t.strictSame(
    rows.toSorted(byName),
    described.map(({ name, type, labels }) => ({ name, type, labels })).toSorted(byName)
  )
})

t.test('the names keep to the conventions of Prometheus', async (t) => {
  for (const { name, type } of described) {
    if (!name.startsWith('box_scim_')) continue
    t.match(name, /^box_scim_[a-z]+(_[a-z]+)*$/, name)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') t.match(name, /_seconds$/, name)
  }
})

t.test('the alert rules ask for metrics that exist', async (t) => {
  const { groups } = parse(await read('alerts.yaml')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string
        readonly expr: string
        readonly labels: { readonly severity: string }
        readonly annotations: { readonly summary: string }
      }[]
    }[]
  }
  const rules = groups.flatMap(({ rules }) => rules)
  t.ok(rules.length >= 8)
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'each name once')
  for (const { alert, expr, labels, annotations } of rules) {
    t.strictSame(
      metricsIn(expr).filter((name) => !isKnown(name)),
      [],
      alert
    )
    t.ok(metricsIn(expr).length > 0 || expr.startsWith('up{'), `${alert} asks for something`)
    t.match(labels.severity, /^(?:critical|warning)$/, alert)
    t.match(annotations.summary, /\.$/, alert)
  }
})

t.test('the dashboard asks for metrics that exist, and for all of the bridge’s', async (t) => {
  const { panels } = JSON.parse(await read('grafana-dashboard.json')) as {
    readonly panels: readonly {
      readonly id: number
      readonly title: string
      readonly targets: readonly { readonly expr: string }[]
    }[]
  }
  const asked = new Set<string>()
  for (const { title, targets } of panels) {
    const names = targets.flatMap(({ expr }) => metricsIn(expr))
    t.strictSame(
      names.filter((name) => !isKnown(name)),
      [],
      title
    )
    for (const name of names) asked.add(name.replace(/_bucket$/, ''))
  }
  const own = [...known.keys()].filter((name) => name.startsWith('box_scim_'))
  t.strictSame(
    own.filter((name) => !asked.has(name)),
    []
  )
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
})
