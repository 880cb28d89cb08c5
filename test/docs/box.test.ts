import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import boxGroupSchema from '../../scim-schemas/box-group.json' with { type: 'json' }
import boxUserSchema from '../../scim-schemas/box-user.json' with { type: 'json' }
import userSchema from '../../scim-schemas/user.json' with { type: 'json' }
import { groupFields, userFields } from '../../src/box/decode.ts'
import {
  boxGroupFields,
  boxUserFields,
  type BoxField
} from '../../src/provisioning/mapping/box-fields.ts'
import type { FieldMapping } from '../../src/provisioning/mapping/field-mapping.ts'
import { ownGroupAttributes } from '../../src/provisioning/mapping/group-mapping.ts'
import { rootOf } from '../../src/provisioning/mapping/path.ts'
import { boxGroupUrn, boxUserUrn } from '../../src/provisioning/mapping/urns.ts'
import {
  ownUserAttributes,
  readOnlyUserAttributes
} from '../../src/provisioning/mapping/user-resource.ts'
import { boxGroup, boxUser, defaultSettings } from '../provisioning/fixtures.ts'

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/box.md'), 'utf8')

interface Row {
  readonly field: string
  readonly attributes: readonly string[]
  readonly direction: string
  readonly limit: string
}

/** The cells of the table below a heading. */
function cellsBelow(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

function rowsBelow(heading: string, urn: string): readonly Row[] {
  return cellsBelow(heading).map(([field = '', attributes = '', direction = '', limit = '']) => ({
    field: field.replaceAll('`', ''),
    attributes: [...attributes.matchAll(/`([^`]+)`/g)].map(([, name = '']) =>
      name.replace(/^box:/, `${urn}:`)
    ),
    direction,
    limit
  }))
}

/** The name that the model has for a field of Box. */
function modelName(field: string): string {
  const name = field.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  return name === 'enterprise' ? 'enterpriseName' : name
}

const nameOf = ([name, inner]: readonly [string, string | undefined]) =>
  inner === undefined ? name : `${name}:${inner}`

function attributesOf({ roots, shows }: FieldMapping): readonly string[] {
  return [...new Set([...roots, ...shows.map(({ path }) => rootOf(path))].map(nameOf))].toSorted()
}

/** What holds for both tables. */
interface Expected {
  readonly rows: readonly Row[]
  readonly asked: readonly string[]
  readonly model: object
  readonly fields: Readonly<Record<string, BoxField>>
  readonly mapping: readonly FieldMapping[]
}

function compare(t: Test, { rows, asked, model, fields, mapping }: Expected): void {
  const documented = rows.map(({ field }) => field)
  t.strictSame(documented.toSorted(), asked.toSorted(), 'the fields that Box is asked for')
  t.strictSame(
    documented.map(modelName).toSorted(),
    Object.keys(model).toSorted(),
    'the fields of the model'
  )
  const written = rows.filter(({ direction }) => direction === 'both')
  t.strictSame(
    written
      .map(({ field }) => modelName(field))
      .filter((name) => name !== 'trackingCodes')
      .toSorted(),
    mapping.map(({ name }) => name).toSorted(),
    'the fields that the mapping feeds'
  )
  for (const field of mapping) {
    const row = rows.find((row) => modelName(row.field) === field.name)
    const wanted = row?.attributes.filter((name) => name !== 'active').toSorted()
    t.strictSame(wanted, attributesOf(field), `${field.name}: the attributes of the mapping`)
    const { limit } = fields[field.name] ?? {}
    if (limit === undefined) t.notMatch(row?.limit, /^\d+$/, `${field.name}: no limit`)
    else if (/^\d/.test(row?.limit ?? ''))
      t.equal(row?.limit, String(limit), `${field.name}: limit`)
  }
}

t.test(
  'docs/box.md has every field of a user, and every attribute that stands for it',
  async (t) => {
    const rows = rowsBelow('Users', boxUserUrn)
    const { user: mapping } = defaultSettings.mapping
    compare(t, { rows, asked: userFields, model: boxUser(), fields: boxUserFields, mapping })

    const documented = rows.flatMap(({ attributes }) => attributes)
    const own = documented.filter((name) => name.startsWith(boxUserUrn))
    const inSchema = boxUserSchema.attributes.map(({ name }) => `${boxUserUrn}:${name}`)
    t.strictSame(own.toSorted(), inSchema.toSorted(), 'the Box extension')
    const readOnly = boxUserSchema.attributes.filter(({ mutability }) => mutability === 'readOnly')
    t.strictSame(
      readOnly.map(({ name }) => name).toSorted(),
      Object.keys(readOnlyUserAttributes).toSorted(),
      'what the schema calls read-only is what is shown only'
    )
    t.strictSame(
      [...ownUserAttributes, 'trackingCodes', ...Object.keys(readOnlyUserAttributes)].toSorted(),
      boxUserSchema.attributes.map(({ name }) => name).toSorted(),
      'every attribute of the extension is shown'
    )
    for (const { name } of readOnly) {
      const row = rows.find(({ attributes }) => attributes.includes(`${boxUserUrn}:${name}`))
      t.equal(row?.direction, 'read', name)
    }
  }
)

t.test(
  'docs/box.md has every field of a group, and every attribute that stands for it',
  async (t) => {
    const rows = rowsBelow('Groups', boxGroupUrn)
    const { group: mapping } = defaultSettings.mapping
    compare(t, { rows, asked: groupFields, model: boxGroup(), fields: boxGroupFields, mapping })
    const own = rows.flatMap(({ attributes }) =>
      attributes.filter((it) => it.startsWith(boxGroupUrn))
    )
    const inSchema = boxGroupSchema.attributes.map(({ name }) => name)
    t.strictSame(own.toSorted(), inSchema.map((name) => `${boxGroupUrn}:${name}`).toSorted())
    t.strictSame([...ownGroupAttributes].toSorted(), inSchema.toSorted())
  }
)

t.test('docs/box.md names the attributes that feed nothing', async (t) => {
  const listed = /feed nothing in Box:([^]*?)\. A \[/.exec(page)?.[1] ?? ''
  const named = [...listed.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  const used = new Set(rowsBelow('Users', boxUserUrn).flatMap(({ attributes }) => attributes))
  const rest = userSchema.attributes
    .map(({ name }) => name)
    .filter((name) => !used.has(name) && name !== 'groups' && name !== 'password')
  t.strictSame(named.toSorted(), rest.toSorted())
})

t.test('what is said of other connectors is shown by tests that exist', async (t) => {
  const rows = cellsBelow('Limits of other connectors')
  const connectors = new Set(rows.flatMap(([, connector = '']) => connector.split(', ')))
  t.strictSame([...connectors].toSorted(), ['Entra ID', 'Okta', 'PingFederate', 'all'])
  for (const [limit = '', , here = '', shownBy = ''] of rows) {
    t.match(here, /^(Lifted|A limit of (Box|Entra ID)|Not offered)/, limit)
    if (shownBy === '–') {
      t.notMatch(here, /^Lifted/, `${limit}: what is lifted is shown by a test`)
      continue
    }
    const [, path = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(shownBy) ?? []
    const text = (await readFile(join(root, path), 'utf8')).replaceAll("\\'", "'")
    const titles = [...text.matchAll(/\bt\.test\(\s*(['`])(.+?)\1,/g)].map(([, , title]) => title)
    t.ok(name !== '' && titles.some((title) => title?.endsWith(name)), `${limit}: ${shownBy}`)
  }
})
