import type { FastifyInstance, FastifyRequest } from 'fastify'
import { fold } from '../../lib/text.ts'
import { BodyReader, onlySent } from '../body-reader.ts'
import { misfortuneOf, paramOf, queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import { offsetPage } from '../paging.ts'
import type { GroupFields, GroupRecord } from '../records.ts'
import { accessDenied, badRequest, conflict, missingParameter, notFound } from '../refusal.ts'
import {
  GROUP_FIELDS,
  LISTED_GROUP_FIELDS,
  readFields,
  renderGroup,
  STANDARD_GROUP_FIELDS
} from '../render.ts'
import type { View } from '../render.ts'

/** `/groups` (https://developer.box.com/reference/resources/group/). */
export function registerGroupRoutes(app: FastifyInstance, context: EmulatorContext): void {
  const view = (
    request: FastifyRequest,
    standard: readonly (keyof GroupFields)[]
  ): View<keyof GroupFields> => ({
    fields: readFields(queryOf(request), { known: GROUP_FIELDS, standard }, context.guesses),
    guesses: context.guesses,
    misfortune: misfortuneOf(request)
  })

  app.get('/groups', (request) => {
    const query = queryOf(request)
    const shown = view(request, LISTED_GROUP_FIELDS)
    return offsetPage(selectGroups(context, query), query, (group) => renderGroup(group, shown))
  })

  app.post('/groups', (request, reply) => {
    const shown = view(request, STANDARD_GROUP_FIELDS)
    const fields = readGroupBody(request.body, context)
    if (fields.name === undefined) throw badRequest(missingParameter('name'))
    assertUnique(context, fields, undefined)
    const listDelayMs = misfortuneOf(request).listDelay ?? context.guesses.listDelayMs
    const group = context.enterprise.createGroup({ ...fields, name: fields.name, listDelayMs })
    return reply.code(201).send(renderGroup(group, shown))
  })

  app.get('/groups/:id(^\\d+$)', (request) =>
    renderGroup(findGroup(context, request), view(request, STANDARD_GROUP_FIELDS))
  )

  app.put('/groups/:id(^\\d+$)', (request) => {
    const shown = view(request, STANDARD_GROUP_FIELDS)
    const group = findEditableGroup(context, request)
    const fields = withProvenance(context, group, readGroupBody(request.body, context))
    assertUnique(context, fields, group)
    return renderGroup(context.enterprise.changeGroup(group, fields), shown)
  })

  app.delete('/groups/:id(^\\d+$)', (request, reply) => {
    context.enterprise.deleteGroup(findEditableGroup(context, request))
    return reply.code(204).send()
  })
}

function selectGroups(
  { clock, enterprise, guesses }: EmulatorContext,
  query: URLSearchParams
): readonly GroupRecord[] {
  const now = clock.now()
  const key = guesses.filterTermIgnoresCase ? fold : (text: string) => text
  const term = key(query.get('filter_term') ?? '')
  return enterprise.groups.sorted.filter(
    ({ listedFrom, fields }) => listedFrom <= now && key(fields.name).startsWith(term)
  )
}

function findGroup({ enterprise }: EmulatorContext, request: FastifyRequest): GroupRecord {
  const group = enterprise.groups.get(paramOf(request, 'id'))
  if (group === undefined) throw notFound()
  return group
}

function findEditableGroup(context: EmulatorContext, request: FastifyRequest): GroupRecord {
  const group = findGroup(context, request)
  assertEditable(group, context)
  return group
}

/** Nobody edits the built-in group of everybody. Throws 403. */
export function assertEditable({ fields }: GroupRecord, { guesses }: EmulatorContext): void {
  const isLocked = guesses.provenanceLocksApi && fields.provenance !== ''
  if (fields.group_type === 'all_users_group' || isLocked) throw accessDenied()
}

function readGroupBody(body: unknown, { guesses }: EmulatorContext): Partial<GroupFields> {
  const read = new BodyReader(body)
  const levels = ['admins_only', 'admins_and_members', 'all_managed_users'] as const
  const clearable = (max: number) => ({ max, null: guesses.nullText })
  const fields = onlySent<Partial<GroupFields>>({
    name: read.text('name', { max: guesses.maxGroupNameLength, mayBeEmpty: false }),
    provenance: read.text('provenance', clearable(255)),
    description: read.text('description', clearable(255)),
    external_sync_identifier: read.text(
      'external_sync_identifier',
      clearable(guesses.maxGroupNameLength)
    ),
    invitability_level: read.oneOf('invitability_level', levels),
    member_viewability_level: read.oneOf('member_viewability_level', levels)
  })
  read.finish()
  return fields
}

/** Connectors are known that could not clear `provenance` once it was set. */
function withProvenance(
  { guesses }: EmulatorContext,
  group: GroupRecord,
  { provenance, ...others }: Partial<GroupFields>
): Partial<GroupFields> {
  if (provenance === undefined) return others
  const isKept = provenance === '' && guesses.clearedProvenance === 'kept'
  return { ...others, provenance: isKept ? group.fields.provenance : provenance }
}

/** Throws 409 where a name, or what else is to be unique, belongs to another group than `own`. */
function assertUnique(
  { enterprise, guesses }: EmulatorContext,
  fields: Partial<GroupFields>,
  own: GroupRecord | undefined
): void {
  const namesake = fields.name === undefined ? undefined : enterprise.groups.byName(fields.name)
  if (namesake !== undefined && namesake.id !== own?.id) throw conflict('group_tag_name')
  const externalId = fields.external_sync_identifier
  if (!guesses.externalSyncIdentifierUnique || externalId === undefined || externalId === '') return
  const taken = enterprise.groups.sorted.some(
    (other) => other.id !== own?.id && other.fields.external_sync_identifier === externalId
  )
  if (taken) throw conflict('external_sync_identifier')
}
