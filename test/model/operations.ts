import {
  boolean,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
  uniqueArray,
  type Arbitrary
} from 'fast-check'
import {
  BoxRefusedError,
  BoxUnavailableError,
  ProvisioningError
} from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import { parseGroupPatch, parseUserPatch } from '../../src/scim/protocol/patch.ts'
import type { ModelBridge } from './bridge.ts'

/** What an identity provider may ask for. People and groups go by number. */
export type Operation =
  | { readonly kind: 'provision' | 'delete'; readonly person: number }
  | { readonly kind: 'title' | 'rename'; readonly person: number; readonly value: number }
  | { readonly kind: 'active'; readonly person: number; readonly value: boolean }
  | { readonly kind: 'provision-group' | 'delete-group'; readonly group: number }
  | { readonly kind: 'rename-group'; readonly group: number; readonly value: number }
  | {
      readonly kind: 'add' | 'remove' | 'set'
      readonly group: number
      readonly members: readonly number[]
    }

/** How many people and groups there are at most. */
const size = { people: 3, groups: 2 } as const

export const everybody: readonly number[] = [...Array(size.people).keys()]
export const allGroups: readonly number[] = [...Array(size.groups).keys()]

const person = nat(size.people - 1)
const group = nat(size.groups - 1)
const value = nat(3)
const members = uniqueArray(person, { minLength: 1 })

/** Any operation. */
export const anyOperation: Arbitrary<Operation> = oneof(
  { weight: 2, arbitrary: record({ kind: constant('provision' as const), person }) },
  { weight: 1, arbitrary: record({ kind: constant('delete' as const), person }) },
  { weight: 2, arbitrary: record({ kind: constant('title' as const), person, value }) },
  { weight: 2, arbitrary: record({ kind: constant('rename' as const), person, value }) },
  {
    weight: 3,
    arbitrary: record({ kind: constant('active' as const), person, value: boolean() })
  },
  { weight: 1, arbitrary: record({ kind: constant('provision-group' as const), group }) },
  { weight: 1, arbitrary: record({ kind: constant('delete-group' as const), group }) },
  { weight: 1, arbitrary: record({ kind: constant('rename-group' as const), group, value }) },
  {
    weight: 6,
    arbitrary: record({ kind: constantFrom('add', 'remove', 'set'), group, members })
  }
)

/** How a request ended, as far as the identity provider can tell. */
export type Ending = 'acknowledged' | 'refused' | 'trouble' | 'no answer'

/** A request that is under way. */
export interface Request {
  /** What it makes true. */
  readonly facts: ReadonlyMap<string, unknown>
  /** Those of the facts that take something away: they hold once the bridge has answered anything. */
  readonly removals: ReadonlySet<string>
  readonly ending: Promise<Ending>
}

const loginOf = (index: number, version: number | undefined) =>
  version === undefined ? `p${index}@example.com` : `p${index}.${version}@example.com`

const groupNameOf = (index: number, version: number | undefined) =>
  version === undefined ? `Group ${index}` : `Group ${index}.${version}`

/** How long a write may take. */
const budgetMs = 25_000

const everyGroup = (index: number) =>
  allGroups.map((id) => [`member ${id}/${index}`, false] as const)

/**
 * Sends an operation as an identity provider would: it looks for the person or the group first.
 * Resolves to undefined where there is nothing to be sent.
 */
export async function send(
  bridge: ModelBridge,
  operation: Operation
): Promise<Request | undefined> {
  return 'person' in operation ? sendUser(bridge, operation) : sendGroup(bridge, operation)
}

async function sendUser(
  bridge: ModelBridge,
  operation: Extract<Operation, { readonly person: number }>
): Promise<Request | undefined> {
  const { person: index } = operation
  const { users } = bridge.provisioning
  const found = await findPerson(bridge, index)
  const patch = (path: string, value: unknown) =>
    users.change(
      found?.id ?? '',
      parseUserPatch(patchOf('replace', path, value)),
      contextOf(bridge)
    )
  if (operation.kind === 'provision') return provision(bridge, index)
  if (found === undefined || found.isHidden) return undefined
  switch (operation.kind) {
    case 'delete': {
      const facts = { [`active ${index}`]: false, [`deleted ${index}`]: true }
      return request(users.delete(found.id, contextOf(bridge)), facts, Object.keys(facts))
    }
    case 'title': {
      const title = `Title ${operation.value}`
      return request(patch('title', title), { [`title ${index}`]: title })
    }
    case 'rename': {
      const login = loginOf(index, operation.value)
      return request(patch('userName', login), { [`login ${index}`]: login })
    }
    case 'active': {
      const facts = {
        [`active ${index}`]: operation.value,
        ...(operation.value ? { [`deleted ${index}`]: false } : {})
      }
      return request(
        patch('active', operation.value),
        facts,
        operation.value ? [] : Object.keys(facts)
      )
    }
  }
}

async function provision(bridge: ModelBridge, index: number): Promise<Request> {
  const { users } = bridge.provisioning
  const found = await findPerson(bridge, index)
  const title = 'Joiner'
  const facts = {
    [`title ${index}`]: title,
    [`active ${index}`]: true,
    [`deleted ${index}`]: false
  }
  if (found !== undefined && !found.isHidden) {
    const body = patchOf('replace', undefined, { title, active: true })
    return request(users.change(found.id, parseUserPatch(body), contextOf(bridge)), facts)
  }
  const login = found?.login ?? loginOf(index, undefined)
  const document = {
    userName: login,
    externalId: `e-${index}`,
    displayName: `Person ${index}`,
    title,
    active: true
  }
  return request(users.create(document, contextOf(bridge)), {
    ...facts,
    [`login ${index}`]: login,
    ...Object.fromEntries(everyGroup(index))
  })
}

async function sendGroup(
  bridge: ModelBridge,
  operation: Exclude<Operation, { readonly person: number }>
): Promise<Request | undefined> {
  const { group: index } = operation
  const { groups } = bridge.provisioning
  const found = await findGroup(bridge, index)
  if (operation.kind === 'provision-group') {
    if (found !== undefined && !found.isHidden) return undefined
    const displayName = found?.name ?? groupNameOf(index, undefined)
    const document = { displayName, externalId: `g-${index}` }
    const facts = { [`name ${index}`]: displayName, [`hidden ${index}`]: false }
    return request(groups.create(document, [], contextOf(bridge)), facts)
  }
  if (found === undefined || found.isHidden) return undefined
  if ('members' in operation) return sendMembers(bridge, found.id, operation)
  switch (operation.kind) {
    case 'delete-group': {
      const facts = {
        [`hidden ${index}`]: true,
        ...Object.fromEntries(everybody.map((one) => [`member ${index}/${one}`, false]))
      }
      return request(groups.delete(found.id, contextOf(bridge)), facts, Object.keys(facts))
    }
    case 'rename-group': {
      const name = groupNameOf(index, operation.value)
      const change = parseGroupPatch(patchOf('replace', 'displayName', name))
      return request(groups.change(found.id, change, contextOf(bridge)), {
        [`name ${index}`]: name
      })
    }
  }
}

async function sendMembers(
  bridge: ModelBridge,
  id: BoxGroupId,
  { kind, group: index, members }: Extract<Operation, { readonly members: unknown }>
): Promise<Request | undefined> {
  const people = await Promise.all(members.map((member) => findPerson(bridge, member)))
  const ids = new Map<number, BoxUserId>()
  for (const [position, found] of people.entries()) {
    const member = members[position]
    if (member === undefined || found === undefined) continue
    if (kind === 'remove' || !found.isHidden) ids.set(member, found.id)
  }
  if (ids.size === 0) return undefined
  const gone = kind === 'set' ? everybody.filter((member) => !ids.has(member)) : []
  const named = [...ids.keys()]
  const facts = Object.fromEntries([
    ...gone.map((member) => [`member ${index}/${member}`, false] as const),
    ...named.map((member) => [`member ${index}/${member}`, kind !== 'remove'] as const)
  ])
  const value = [...ids.values()].map((member) => ({ value: member }))
  const change = parseGroupPatch(patchOf(kind === 'set' ? 'replace' : kind, 'members', value))
  const removals = Object.keys(facts).filter((name) => facts[name] === false)
  return request(bridge.provisioning.groups.change(id, change, contextOf(bridge)), facts, removals)
}

function request(
  work: Promise<unknown>,
  facts: Readonly<Record<string, unknown>>,
  removals: readonly string[] = []
): Request {
  const ending = work.then(
    () => 'acknowledged' as const,
    (error: unknown) => {
      if (error instanceof BoxUnavailableError) return 'trouble' as const
      if (error instanceof ProvisioningError || error instanceof BoxRefusedError)
        return 'refused' as const
      throw error
    }
  )
  return { facts: new Map(Object.entries(facts)), removals: new Set(removals), ending }
}

function patchOf(op: string, path: string | undefined, value: unknown): object {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op, ...(path === undefined ? {} : { path }), value }]
  }
}

function contextOf(bridge: ModelBridge) {
  return { correlationId: `c-${sent++}`, actor: 'idp', deadline: bridge.now() + budgetMs }
}

let sent = 0

/** The person as the directory knows them; the identity provider has stored the id. */
async function findPerson({ directory, box }: ModelBridge, index: number) {
  for (const { id } of box.users.values()) {
    const record = await directory.users.get(id)
    if (record?.snapshot.externalAppUserId !== `e-${index}`) continue
    return { id, login: record.snapshot.login, isHidden: record.tombstone }
  }
  return undefined
}

async function findGroup({ directory, box }: ModelBridge, index: number) {
  for (const { id } of box.groups.values()) {
    const record = await directory.groups.get(id)
    if (record?.snapshot.externalSyncIdentifier !== `g-${index}`) continue
    return { id, name: record.snapshot.name, isHidden: record.tombstone }
  }
  return undefined
}
