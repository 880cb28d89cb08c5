import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const json = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown

interface LockedPackage {
  readonly version: string
  readonly integrity?: string
  readonly license?: string
  readonly resolved?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
}

const { packages } = (await json(join(root, 'package-lock.json'))) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}
const locked = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => Object.assign({ name: path.replace(/.*node_modules\//, '') }, entry))
/** What the container image installs. */
const shipped = locked.filter(({ dev, optional }) => dev !== true && optional !== true)

t.test('nothing that is installed runs a script, for development neither', async (t) => {
  t.strictSame(
    locked.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name),
    []
  )
})

/** Where a package comes from unless the lockfile says otherwise. */
const registry = 'https://registry.npmjs.org/'

t.test('every package is pinned by its digest and comes from the registry', async (t) => {
  for (const { name, version, integrity, resolved } of locked) {
    t.match(version, /^\d+\.\d+\.\d+/, name)
    t.match(integrity, /^sha512-/, name)
    t.match(resolved ?? registry, registry, name)
  }
})

t.test('every version in package.json is exact', async (t) => {
  const manifest = (await json(join(root, 'package.json'))) as Record<
    string,
    Readonly<Record<string, string>>
  >
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      t.match(version, /^\d+\.\d+\.\d+$/, name)
    }
  }
})

t.test('no licence of what is shipped asks for more than attribution', async (t) => {
  const permissive = new Set(['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause'])
  for (const { name, license } of shipped)
    t.ok(permissive.has(license ?? ''), `${name}: ${license}`)
})

interface Bill {
  readonly serialNumber: string
  readonly metadata: { readonly component: { readonly name: string } }
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly hashes: readonly { readonly alg: string }[]
    readonly licenses: readonly object[]
  }[]
}

async function makeBill(folder: string, name: string): Promise<string> {
  const file = join(folder, name)
  const script = join(root, 'scripts/sbom.ts')
  await run(process.execPath, [script, file], { cwd: root, timeout: 60_000 })
  return readFile(file, 'utf8')
}

/** CycloneDX's own schemas, which a package brings along. */
async function validator() {
  const library = fileURLToPath(import.meta.resolve('@cyclonedx/cyclonedx-library/package.json'))
  const schema = (name: string) => json(join(dirname(library), 'res/schema', name))
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addFormat('idn-email', true)
  ajv.addFormat('iri-reference', true)
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json']) {
    const { $id: _, ...rest } = (await schema(name)) as { readonly $id: string }
    ajv.addSchema(rest, `http://cyclonedx.org/schema/${name}`)
  }
  return ajv.compile((await schema('bom-1.5.SNAPSHOT.schema.json')) as object)
}

t.test('npm run sbom makes a bill of materials of what is shipped', async (t) => {
  const folder = t.testdir()
  const text = await makeBill(folder, 'first.json')
  t.equal(await makeBill(folder, 'second.json'), text, 'the same lockfile, the same bill')
  t.notMatch(text, root, 'nothing of this machine')
  const bill = JSON.parse(text) as Bill
  const validate = await validator()
  t.ok(validate(bill), JSON.stringify(validate.errors))
  t.notOk(validate({ ...bill, components: [{ name: 'nameless' }] }), 'and not anything is valid')
  t.equal(bill.metadata.component.name, 'box-scim-bridge')
  t.strictSame(
    bill.components.map(({ name, version }) => `${name}@${version}`).toSorted(),
    [...new Set(shipped.map(({ name, version }) => `${name}@${version}`))].toSorted(),
    'what the lockfile has for production, and nothing else'
  )
  for (const { name, hashes, licenses } of bill.components) {
    t.strictSame(
      hashes.map(({ alg }) => alg),
      ['SHA-512'],
      name
    )
    t.ok(licenses.length > 0, `${name} has a licence`)
  }
})
