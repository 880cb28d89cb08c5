import { ProvisioningError } from '../../src/provisioning/errors.ts'
import type { ScimDocument, StoredResource } from '../../src/provisioning/model.ts'
import type { MixedSearchRequest, SearchPage, SearchRequest } from '../../src/provisioning/query.ts'
import type {
  Connection,
  ConnectService,
  GroupService,
  MemberChange,
  RequestContext,
  ResourceService,
  UserService
} from '../../src/provisioning/requests.ts'

interface Row {
  readonly document: ScimDocument
  readonly members: readonly string[]
  readonly revision: number
}

/** What a fake was asked, in order. */
interface Call {
  readonly method: string
  readonly related?: boolean
  readonly context?: RequestContext
  readonly request?: SearchRequest
}

/** Resources in memory, with a log of calls and a switch that makes every call fail. */
class MemoryResources {
  readonly calls: Call[] = []
  /** Thrown by every call while it is set. */
  failure: Error | undefined
  readonly #rows = new Map<string, Row>()
  readonly #schema: string
  readonly #key: string
  readonly #showsRelatedOnWrite: boolean

  constructor(schema: string, key: string, showsRelatedOnWrite: boolean) {
    this.#schema = schema
    this.#key = key
    this.#showsRelatedOnWrite = showsRelatedOnWrite
  }

  record(call: Call): void {
    this.calls.push(call)
    if (this.failure !== undefined) throw this.failure
  }

  row(id: string): Row {
    const row = this.#rows.get(id)
    if (row === undefined) throw new ProvisioningError('not_found', `There is no resource ${id}.`)
    return row
  }

  insert(document: ScimDocument, members: readonly string[]): StoredResource {
    const taken = [...this.#rows.values()].some(
      (row) => row.document[this.#key] === document[this.#key]
    )
    if (taken) throw new ProvisioningError('login_taken', 'The name is taken.')
    const id = String(1001 + this.#rows.size)
    return this.write(id, { document, members, revision: 1 })
  }

  write(id: string, row: Row): StoredResource {
    this.#rows.set(id, row)
    return this.stored(id, this.#showsRelatedOnWrite)
  }

  remove(id: string): void {
    this.row(id)
    this.#rows.delete(id)
  }

  stored(id: string, related: boolean): StoredResource {
    const { document, members, revision } = this.row(id)
    return {
      id,
      text: JSON.stringify({ schemas: [this.#schema], id, ...document }),
      created: 1_700_000_000_000,
      lastModified: 1_700_000_000_000,
      revision,
      ...(related ? { related: members.map((value) => ({ value, display: `No. ${value}` })) } : {})
    }
  }

  page(request: SearchRequest): SearchPage<StoredResource> {
    const ids = [...this.#rows.keys()]
    const start = request.startIndex - 1
    return {
      total: ids.length,
      resources: ids
        .slice(start, start + request.count)
        .map((id) => this.stored(id, request.related))
    }
  }
}

/** A `UserService` in memory. */
export class MemoryUsers extends MemoryResources implements UserService, ConnectService {
  constructor() {
    super('urn:ietf:params:scim:schemas:core:2.0:User', 'userName', true)
  }

  async create(document: ScimDocument, context: RequestContext): Promise<StoredResource> {
    this.record({ method: 'create', context })
    return this.insert(document, [])
  }

  async connect(document: ScimDocument, context: RequestContext): Promise<Connection> {
    this.record({ method: 'connect', context })
    return { boxUserId: this.insert(document, []).id, created: true }
  }

  async change(
    id: string,
    change: Parameters<UserService['change']>[1],
    context: RequestContext
  ): Promise<StoredResource> {
    this.record({ method: change.verb, context })
    const { document, members, revision } = this.row(id)
    const next = change.apply({ resource: document, shadow: document })
    return this.write(id, { document: next, members, revision: revision + 1 })
  }

  async delete(id: string, context: RequestContext): Promise<void> {
    this.record({ method: 'delete', context })
    this.remove(id)
  }

  async view(id: string, related: boolean): Promise<StoredResource> {
    this.record({ method: 'view', related })
    return this.stored(id, related)
  }

  async search(request: SearchRequest): Promise<SearchPage<StoredResource>> {
    this.record({ method: 'search', request })
    return this.page(request)
  }
}

/** A `GroupService` in memory. */
export class MemoryGroups extends MemoryResources implements GroupService {
  constructor() {
    super('urn:ietf:params:scim:schemas:core:2.0:Group', 'displayName', false)
  }

  async create(
    document: ScimDocument,
    members: readonly string[],
    context: RequestContext
  ): Promise<StoredResource> {
    this.record({ method: 'create', context })
    return this.insert(document, members)
  }

  async change(
    id: string,
    change: Parameters<GroupService['change']>[1],
    context: RequestContext
  ): Promise<StoredResource> {
    this.record({ method: change.verb, context })
    const row = this.row(id)
    const current = { resource: row.document, shadow: row.document }
    return this.write(id, {
      document: change.touchesAttributes ? change.apply(current) : row.document,
      members: change.members.reduce(withMemberChange, row.members),
      revision: row.revision + 1
    })
  }

  async delete(id: string, context: RequestContext): Promise<void> {
    this.record({ method: 'delete', context })
    this.remove(id)
  }

  async view(id: string, related: boolean): Promise<StoredResource> {
    this.record({ method: 'view', related })
    return this.stored(id, related)
  }

  async search(request: SearchRequest): Promise<SearchPage<StoredResource>> {
    this.record({ method: 'search', request })
    return this.page(request)
  }
}

/** A `ResourceService` over both. */
export class MemoryMix implements ResourceService {
  readonly #users: MemoryUsers
  readonly #groups: MemoryGroups

  constructor(users: MemoryUsers, groups: MemoryGroups) {
    this.#users = users
    this.#groups = groups
  }

  async search({ users, groups, startIndex, count }: MixedSearchRequest) {
    const all = { startIndex: 1, count: 1_000 }
    const people = await this.#users.search({ ...users, ...all })
    const teams = await this.#groups.search({ ...groups, ...all })
    const found = [
      ...people.resources.map((one) => Object.assign(one, { resourceType: 'User' as const })),
      ...teams.resources.map((one) => Object.assign(one, { resourceType: 'Group' as const }))
    ]
    const resources = found.slice(startIndex - 1, startIndex - 1 + count)
    return { total: found.length, resources }
  }
}

function withMemberChange(members: readonly string[], change: MemberChange): readonly string[] {
  if (change.kind === 'set') return change.ids
  if (change.kind === 'add') return [...new Set([...members, ...change.ids])]
  const leaves = (value: string) =>
    change.kind === 'remove-matching' ? change.matches({ value }) : change.ids.includes(value)
  return members.filter((value) => !leaves(value))
}
