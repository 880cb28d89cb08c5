import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { Association, ScimDocument, UserKind } from '../model.ts'
import { accept, boxGroupFields, boxUserFields, type BoxField, type Scalar } from './box-fields.ts'
import type { ConverterFacts } from './converters.ts'
import { compileField, type FieldContext, type FieldMapping } from './field-mapping.ts'
import { checkForm, defaultMapping, overDefault, section } from './mapping-file.ts'
import { MappingError, placeIn, type MappingProblem, type Place } from './problems.ts'
import { readMaps } from './value-map.ts'

/** How SCIM attributes and Box fields belong together: a mapping file, compiled once at start. */
export interface Mapping {
  readonly user: readonly FieldMapping[]
  /** The field among `user` that says who somebody is in Box; app users have none. */
  readonly login: FieldMapping | undefined
  /** The tracking codes that belong to the mapping, each by its name. */
  readonly trackingCodes: readonly FieldMapping[]
  readonly group: readonly FieldMapping[]
  /** Another text for another mapping. */
  readonly fingerprint: string
}

/** What a mapping depends on besides its file. */
export interface MappingOptions extends ConverterFacts {
  /** ALLOW_COADMIN. */
  readonly allowCoadmin: boolean
  /** USER_KIND; default `managed`. */
  readonly userKind?: UserKind
  /** ASSOCIATION; default `login`. */
  readonly association?: Association
}

/** A mapping file that was read, and its name for messages. */
export interface MappingFile {
  readonly name: string
  readonly content: JsonValue
}

/**
 * Compiles a mapping file; without one, the default mapping.
 *
 * @throws MappingError that names every problem at once.
 */
export function compileMapping(file: MappingFile | undefined, options: MappingOptions): Mapping {
  const problems: MappingProblem[] = []
  if (file !== undefined) checkForm(file.content, problems)
  const place = placeIn(problems)
  const merged = mergedMapping(file)
  const maps = readMaps(merged['maps'])
  const common = { maps, facts: options }
  const userContext = { ...common, type: 'User' } as const
  const user = compileFields(section(merged, 'user'), {
    fields: boxUserFields,
    context: (name, field) =>
      name === 'role'
        ? roleContext(userContext, options)
        : { ...userContext, takes: takesOf(field) },
    place: place.at('user')
  })
  const trackingCodes = Object.entries(section(merged, 'trackingCodes')).flatMap(([name, json]) =>
    isJsonObject(json) ? [compileCode(name, json, userContext, place.at('trackingCodes'))] : []
  )
  const group = compileFields(section(merged, 'group'), {
    fields: boxGroupFields,
    context: (_name, field) => ({ ...common, type: 'Group', takes: takesOf(field) }),
    place: place.at('group')
  })
  const login = user.find(({ name }) => name === 'login')
  if (options.association === 'external_app_user_id') requireExternalId(user, place.at('user'))
  if (problems.length > 0) throw new MappingError(file?.name ?? 'mapping/default.json', problems)
  if (login === undefined) throw new TypeError('A mapping without a login was let through')
  const { loginDomain, allowCoadmin, userKind } = options
  const facts = [merged, loginDomain, allowCoadmin, ...(userKind === 'app' ? [userKind] : [])]
  const rest = { trackingCodes, group, fingerprint: JSON.stringify(facts) }
  // Box makes up the login of an app user, which says nothing about the person.
  return userKind === 'app'
    ? { ...rest, user: user.filter((field) => field !== login), login: undefined }
    : { ...rest, user, login }
}

/** People can only be found in Box by what was written there as it came. */
function requireExternalId(user: readonly FieldMapping[], place: Place): void {
  const field = user.find(({ name }) => name === 'externalAppUserId')
  const probe = 'e0B-1'
  if (field?.evaluate({ externalId: probe }).value === probe) return
  place
    .at('externalAppUserId')
    .report(
      undefined,
      'ASSOCIATION=external_app_user_id finds people in Box by it',
      '{"from": "externalId"}'
    )
}

/** The Box login of a person; undefined where nothing that was sent can be one. */
export function loginOf(document: ScimDocument, { login }: Mapping): string | undefined {
  const value = login?.evaluate(document).value
  return value === undefined ? undefined : String(value)
}

/** The whole mapping that is in force with a file: what the file leaves out is the default. */
export function mergedMapping(file: MappingFile | undefined): JsonObject {
  if (file === undefined) return defaultMapping
  return overDefault(isJsonObject(file.content) ? file.content : {})
}

type Base = Omit<FieldContext, 'takes'>

/** Nobody can be made the owner, and co-admins only where the bridge is told so. */
function roleContext(base: Base, { allowCoadmin }: MappingOptions): FieldContext {
  const takes = takesOf(boxUserFields.role)
  return {
    ...base,
    takes: (value) => value !== 'admin' && takes(value),
    withhold: (role) =>
      role === 'coadmin' && !allowCoadmin ? 'role coadmin: ALLOW_COADMIN is off' : undefined
  }
}

function takesOf(field: BoxField): (value: Scalar) => boolean {
  return (value) => {
    const accepted = accept(field, value)
    return accepted !== undefined && !accepted.shortened
  }
}

function compileFields(
  json: JsonObject,
  parts: {
    readonly fields: Readonly<Record<string, BoxField>>
    readonly context: (name: string, field: BoxField) => FieldContext
    readonly place: Place
  }
): readonly FieldMapping[] {
  return Object.entries(parts.fields).flatMap(([name, field]) => {
    const given = json[name]
    return isJsonObject(given)
      ? [compileField({ name, field }, given, parts.context(name, field), parts.place.at(name))]
      : []
  })
}

function compileCode(name: string, json: JsonObject, base: Base, place: Place): FieldMapping {
  const field = { type: 'text', lines: ' ' } as const
  return compileField({ name, field }, json, { ...base, takes: takesOf(field) }, place.at(name))
}
