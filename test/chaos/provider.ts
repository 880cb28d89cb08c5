import type { BridgeProcess } from '../helpers/bridge-process.ts'
import { group, person, type ScimAnswer } from '../helpers/scim-client.ts'
import { externalIdOf } from './facts.ts'

/** A piece of an identity provider's work. It looks before it creates, and can be repeated. */
export interface Task {
  /** What it makes true. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly run: () => Promise<ScimAnswer>
  /** A removal that is not repeated once the bridge has answered it, whatever it has answered. */
  readonly isSentOnce?: boolean
  /** For a removal: the subjects of the journal's entries that say that it has arrived. */
  readonly subjects?: () => readonly string[]
}

/**
 * An identity provider: people and groups by number, with the ids it was told. It repeats what was
 * not acknowledged and remembers what was.
 */
export interface Provider {
  /** Creates the person, or brings them back without the memberships they had. */
  provision(person: number, facts: PersonFacts): Task
  setTitle(person: number, title: string): Task
  rename(person: number, login: string): Task
  setActive(person: number, active: boolean): Task
  deletePerson(person: number): Task
  /** Creates the group, or brings it back. */
  provisionGroup(group: number, name: string): Task
  renameGroup(group: number, name: string): Task
  /** Members are those that it has. */
  deleteGroup(group: number, members: readonly number[]): Task
  changeMembers(group: number, op: 'Add' | 'Remove', members: readonly number[]): Task
  /**
   * Works the tasks, some at a time, until all are acknowledged or `isDown`; resolves to those that
   * are left. Rejects with any answer that no repetition can help.
   */
  work(tasks: readonly Task[], isDown: () => boolean): Promise<readonly Task[]>
  /** What SCIM shows that is neither what was acknowledged last nor what was asked for since. */
  contradictions(): Promise<readonly string[]>
  /**
   * Whether all of a removal that is sent once stands open in the journal: then it is left to the bridge.
   */
  isLeft(task: Task): boolean
  /** How many removals were open, and left to the bridge alone: of `user`s and of `membership`s. */
  readonly left: ReadonlyMap<string, number>
  /** How many requests were answered with which status; 0 where no answer came. */
  readonly statuses: ReadonlyMap<number, number>
}

/** What a person is created with. */
export interface PersonFacts {
  readonly login: string
  readonly title: string
  /** The groups that somebody who comes back was in. */
  readonly groups: readonly number[]
}

const concurrency = 8

/** Creates an identity provider in front of a bridge. */
export function createProvider(bridge: BridgeProcess): Provider {
  const userIds = new Map<number, string>()
  const groupIds = new Map<number, string>()
  const acknowledged = new Map<string, unknown>()
  const asked = new Map<string, unknown>()
  const statuses = new Map<number, number>()
  const left = new Map<string, number>()

  const patchPerson = (index: number, path: string, value: unknown) =>
    bridge.scim.patch(`/Users/${userIds.get(index)}`, { op: 'Replace', path, value })

  return {
    statuses,
    left,

    isLeft(task) {
      const open = task.isSentOnce === true ? openRemovals(task) : []
      const isLeft = open.length > 0 && open.length === task.subjects?.().length
      if (isLeft) leave(task)
      return isLeft
    },

    provision: (index, { login, title, groups }) => ({
      facts: {
        [`login ${index}`]: login,
        [`title ${index}`]: title,
        [`active ${index}`]: true,
        [`deleted ${index}`]: false,
        ...Object.fromEntries(groups.map((id) => [`member ${id}/${index}`, false]))
      },
      async run() {
        const body = person(login, { externalId: externalIdOf('person', index), title })
        const [found] = await bridge.scim.find('/Users', `userName eq "${login}"`)
        const answer =
          found === undefined
            ? await bridge.scim.post('/Users', body)
            : await bridge.scim.put(`/Users/${String(found['id'])}`, body)
        if (isSuccess(answer)) userIds.set(index, String(answer.body['id']))
        return answer
      }
    }),

    setTitle: (index, title) => ({
      facts: { [`title ${index}`]: title },
      run: () => patchPerson(index, 'title', title)
    }),

    rename: (index, login) => ({
      facts: { [`login ${index}`]: login },
      run: () => patchPerson(index, 'userName', login)
    }),

    setActive: (index, active) => ({
      facts: { [`active ${index}`]: active },
      run: () => patchPerson(index, 'active', active ? 'True' : 'False'),
      ...(active ? {} : { subjects: () => [`user:${userIds.get(index)}`] })
    }),

    deletePerson: (index) => ({
      facts: { [`active ${index}`]: false, [`deleted ${index}`]: true },
      run: () => removed(bridge.scim.delete(`/Users/${userIds.get(index)}`))
    }),

    provisionGroup: (index, displayName) => ({
      facts: { [`name ${index}`]: displayName, [`hidden ${index}`]: false },
      async run() {
        const externalId = externalIdOf('group', index)
        const [found] = await bridge.scim.find('/Groups', `displayName eq "${displayName}"`)
        const answer =
          found === undefined
            ? await bridge.scim.post('/Groups', { ...group(displayName), externalId })
            : await bridge.scim.get(`/Groups/${String(found['id'])}`)
        if (isSuccess(answer)) groupIds.set(index, String(answer.body['id']))
        return answer
      }
    }),

    renameGroup: (index, name) => ({
      facts: { [`name ${index}`]: name },
      run: () =>
        bridge.scim.patch(`/Groups/${groupIds.get(index)}`, {
          op: 'Replace',
          path: 'displayName',
          value: name
        })
    }),

    deleteGroup: (index, members) => ({
      facts: {
        [`hidden ${index}`]: true,
        ...Object.fromEntries(members.map((member) => [`member ${index}/${member}`, false]))
      },
      run: () => removed(bridge.scim.delete(`/Groups/${groupIds.get(index)}`))
    }),

    changeMembers: (index, op, members) => ({
      facts: Object.fromEntries(
        members.map((member) => [`member ${index}/${member}`, op === 'Add'])
      ),
      run: () =>
        bridge.scim.patch(`/Groups/${groupIds.get(index)}`, {
          op,
          path: 'members',
          value: members.map((member) => ({ value: userIds.get(member) }))
        }),
      ...(op === 'Add'
        ? {}
        : {
            subjects: () =>
              members.map((member) => `membership:${groupIds.get(index)}/${userIds.get(member)}`)
          })
    }),

    work,
    contradictions
  }

  async function work(tasks: readonly Task[], isDown: () => boolean): Promise<readonly Task[]> {
    const queue = [...tasks]
    const worker = async () => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        if (!(await isEnded(task))) queue.push(task)
        if (isDown()) return
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return queue
  }

  /** The subjects of a removal's entries that are open in the journal. */
  function openRemovals({ subjects }: Task): readonly string[] {
    if (subjects === undefined) return []
    const removals = bridge
      .openEntries()
      .filter(({ operation }) => /"(deactivate-user|remove-membership)"/.test(operation))
    const open = new Set(removals.map(({ subject }) => subject))
    return subjects().filter((subject) => open.has(subject))
  }

  /** From here on the bridge alone makes it true: SCIM may show either until it has. */
  function leave(task: Task): void {
    for (const name of Object.keys(task.facts)) acknowledged.delete(name)
    for (const subject of openRemovals(task)) {
      const [kind = ''] = subject.split(':')
      left.set(kind, (left.get(kind) ?? 0) + 1)
    }
  }

  async function isEnded(task: Task): Promise<boolean> {
    const { facts, run, isSentOnce = false } = task
    for (const [name, value] of Object.entries(facts)) asked.set(name, value)
    const answer = await run().catch(() => undefined)
    const status = answer?.status ?? 0
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (answer === undefined) return false
    if (status === 429 || status === 503) {
      if (isSentOnce) leave(task)
      return isSentOnce
    }
    if (!isSuccess(answer)) {
      throw new Error(`${Object.keys(facts).join(', ')}: ${status} ${JSON.stringify(answer.body)}`)
    }
    for (const [name, value] of Object.entries(facts)) {
      acknowledged.set(name, value)
      asked.delete(name)
    }
    return true
  }

  async function contradictions(): Promise<readonly string[]> {
    const shown = await shownFacts()
    return [...acknowledged]
      .filter(([name, value]) => {
        if (isHidden(shown, name)) return false
        const seen = shown.get(name)
        return seen !== value && !(asked.has(name) && seen === asked.get(name))
      })
      .map(([name, value]) => `${name}: ${String(value)} became ${String(shown.get(name))}`)
  }

  async function shownFacts(): Promise<ReadonlyMap<string, unknown>> {
    const shown = new Map<string, unknown>()
    for (const [index, id] of userIds) {
      const { status, body } = await bridge.scim.get(`/Users/${id}`)
      shown.set(`deleted ${index}`, status === 404)
      shown.set(`login ${index}`, body['userName'])
      shown.set(`title ${index}`, body['title'])
      shown.set(`active ${index}`, body['active'])
    }
    for (const [index, id] of groupIds) {
      const { status, body } = await bridge.scim.get(`/Groups/${id}`)
      const members = (body['members'] ?? []) as readonly { readonly value: string }[]
      const present = new Set(members.map(({ value }) => value))
      shown.set(`hidden ${index}`, status === 404)
      shown.set(`name ${index}`, body['displayName'])
      for (const [member, userId] of userIds) {
        shown.set(`member ${index}/${member}`, present.has(userId))
      }
    }
    return shown
  }
}

/** Of what is deleted, SCIM tells nothing but that. */
function isHidden(shown: ReadonlyMap<string, unknown>, name: string): boolean {
  const [, kind = '', first = '', second = first] = /^(\w+) (\d+)(?:\/(\d+))?/.exec(name) ?? []
  if (kind === 'deleted' || kind === 'hidden') return false
  const isGroupHidden = shown.get(`hidden ${first}`) === true
  if (kind === 'name') return isGroupHidden
  if (kind === 'member' && isGroupHidden) return true
  return shown.get(`deleted ${second}`) === true
}

/** Somebody who is not there any more has been removed. */
async function removed(request: Promise<ScimAnswer>): Promise<ScimAnswer> {
  const answer = await request
  return answer.status === 404 ? { ...answer, status: 204 } : answer
}

function isSuccess({ status }: ScimAnswer): boolean {
  return status >= 200 && status < 300
}
