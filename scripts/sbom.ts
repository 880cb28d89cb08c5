import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

/**
 * Writes the bill of materials of what the container image installs (CycloneDX, JSON): `npm run sbom
 * [-- FILE]`. npm reads it off the lockfile, without the network; what would differ from run to run or
 * from machine to machine is left out, so that one lockfile has one bill.
 */
const file = process.argv[2] ?? 'sbom.cdx.json'

interface Component {
  readonly 'bom-ref': string
  readonly scope: 'required' | 'optional'
  readonly properties: readonly { readonly name: string }[]
}

interface Bill {
  readonly metadata: {
    readonly tools: readonly { readonly vendor: string; readonly name: string }[]
    readonly component: Component
  }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const bill = JSON.parse(run(['--sbom-format', 'cyclonedx', '--package-lock-only'])) as Bill
const { metadata } = bill
// npm's own `--omit dev` leaves out what a development package needs as well.
const components = bill.components.filter(
  ({ scope, properties }) =>
    scope === 'required' && !properties.some(({ name }) => name === 'cdx:npm:package:development')
)
const kept = new Set([metadata.component, ...components].map(({ 'bom-ref': ref }) => ref))
const content = {
  ...bill,
  serialNumber: undefined,
  metadata: {
    tools: metadata.tools.map(({ vendor, name }) => ({ vendor, name })),
    // npm calls it after the folder it lies in.
    component: { ...metadata.component, type: 'application', name: 'box-scim-bridge' }
  },
  components: components.toSorted(by(({ 'bom-ref': ref }) => ref)),
  dependencies: bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .toSorted(by(({ ref }) => ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((other) => kept.has(other)).toSorted()
    }))
}
const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
writeFileSync(file, `${JSON.stringify({ ...content, serialNumber }, null, 2)}\n`)
console.log(`${file}: ${components.length} packages`)

/** Runs the npm that runs this, or the one that is installed. */
function run(options: readonly string[]): string {
  const { npm_execpath: npm, NODE_OPTIONS: _, ...env } = process.env
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  return execFileSync(command, [...before, 'sbom', ...options], {
    encoding: 'utf8',
    env,
    maxBuffer: 64 * 1024 * 1024
  })
}

function by<Item>(key: (item: Item) => string): (left: Item, right: Item) => number {
  return (left, right) => (key(left) < key(right) ? -1 : 1)
}

/** A UUID of version 8 (RFC 9562 §5.8) that is made of what it stands for. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) % 4) + 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32)
  ].join('-')
}
