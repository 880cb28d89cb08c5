import type { BridgeProcess } from './bridge-process.ts'
import { group, person, type ScimAnswer } from './scim-client.ts'

/** What a task makes true of the directory, under a name, e.g. `title 7`. */
type Facts = Readonly<Record<string, unknown>>

/** A piece of an identity provider's work. It looks before it creates, and can be repeated. */
export interface Task {
  readonly facts: Facts
  readonly run: () => Promise<ScimAnswer>
}

/**
 * An identity provider: people and groups by number, with the ids it was told. It repeats what was
 * not acknowledged and remembers what was.
 */
export interface Provider {
  provision(person: number): Task
  setTitle(person: number, title: string): Task
  rename(person: number): Task
  deactivate(person: number): Task
  provisionGroup(group: number): Task
  changeMembers(group: number, op: 'Add' | 'Remove', members: readonly number[]): Task
  /**
   * Works the tasks, 8 at a time, until all are acknowledged or `isDown`; resolves to those that are
   * left. Rejects with any answer that no repetition can help.
   */
  work(tasks: readonly Task[], isDown: () => boolean): Promise<readonly Task[]>
  /** What SCIM shows that is neither what was acknowledged last nor what was asked for since. */
  contradictions(): Promise<readonly string[]>
}

const concurrency = 8

/** Creates an identity provider in front of a bridge. */
export function createProvider(bridge: BridgeProcess): Provider {
  const userIds = new Map<number, string>()
  const groupIds = new Map<number, string>()
  const acknowledged = new Map<string, unknown>()
  const asked = new Map<string, unknown>()

  const patchPerson = (index: number, path: string, value: unknown) =>
    bridge.scim.patch(`/Users/${userIds.get(index)}`, { op: 'Replace', path, value })

  return {
    provision: (index) => ({
      facts: {
        [`login ${index}`]: `p${index}@example.com`,
        [`title ${index}`]: 'Joiner',
        [`active ${index}`]: true
      },
      async run() {
        const userName = `p${index}@example.com`
        const body = person(userName, { externalId: `e-${index}`, title: 'Joiner' })
        const [found] = await bridge.scim.find('/Users', `userName eq "${userName}"`)
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

    rename: (index) => ({
      facts: { [`login ${index}`]: `q${index}@example.com` },
      run: () => patchPerson(index, 'userName', `q${index}@example.com`)
    }),

    deactivate: (index) => ({
      facts: { [`active ${index}`]: false },
      run: () => patchPerson(index, 'active', 'False')
    }),

    provisionGroup: (index) => ({
      facts: { [`group ${index}`]: `Group ${index}` },
      async run() {
        const displayName = `Group ${index}`
        const [found] = await bridge.scim.find('/Groups', `displayName eq "${displayName}"`)
        const answer =
          found === undefined
            ? await bridge.scim.post('/Groups', group(displayName))
            : await bridge.scim.get(`/Groups/${String(found['id'])}`)
        if (isSuccess(answer)) groupIds.set(index, String(answer.body['id']))
        return answer
      }
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
        })
    }),

    work,
    contradictions
  }

  async function work(tasks: readonly Task[], isDown: () => boolean): Promise<readonly Task[]> {
    const queue = [...tasks]
    const worker = async () => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        if (!(await isAcknowledged(task))) queue.push(task)
        if (isDown()) return
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return queue
  }

  async function isAcknowledged({ facts, run }: Task): Promise<boolean> {
    for (const [name, value] of Object.entries(facts)) asked.set(name, value)
    const answer = await run().catch(() => undefined)
    if (answer === undefined || [429, 503].includes(answer.status)) return false
    if (!isSuccess(answer)) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
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
        const seen = shown.get(name)
        return seen !== value && !(asked.has(name) && seen === asked.get(name))
      })
      .map(([name, value]) => `${name}: ${String(value)} became ${String(shown.get(name))}`)
  }

  async function shownFacts(): Promise<ReadonlyMap<string, unknown>> {
    const shown = new Map<string, unknown>()
    for (const [index, id] of userIds) {
      const { body } = await bridge.scim.get(`/Users/${id}`)
      shown.set(`login ${index}`, body['userName'])
      shown.set(`title ${index}`, body['title'])
      shown.set(`active ${index}`, body['active'])
    }
    for (const [index, id] of groupIds) {
      const { body } = await bridge.scim.get(`/Groups/${id}`)
      const members = (body['members'] ?? []) as readonly { readonly value: string }[]
      const present = new Set(members.map(({ value }) => value))
      shown.set(`group ${index}`, body['displayName'])
      for (const [member, userId] of userIds) {
        shown.set(`member ${index}/${member}`, present.has(userId))
      }
    }
    return shown
  }
}

function isSuccess({ status }: ScimAnswer): boolean {
  return status >= 200 && status < 300
}
