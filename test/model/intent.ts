import type { ModelBridge } from './bridge.ts'
import type { Ending, Request } from './operations.ts'

/** A request with how it ended. */
export interface Ended extends Omit<Request, 'ending'> {
  readonly ending: Ending
}

/**
 * What may be true in the end, fact by fact. An acknowledged write and an answered removal leave one
 * value; whatever else was asked for may or may not have come to pass.
 */
export class Intent {
  readonly #values = new Map<string, readonly unknown[]>()

  /** What may be true of this fact. */
  valuesOf(name: string): readonly unknown[] {
    return this.#values.get(name) ?? [undefined]
  }

  get names(): readonly string[] {
    return [...this.#values.keys()]
  }

  /** Takes in requests that were under way at the same time. */
  absorb(requests: readonly Ended[]): void {
    const names = new Set(requests.flatMap(({ facts }) => [...facts.keys()]))
    for (const name of names) {
      const about = requests.filter(({ facts }) => facts.has(name))
      const certain = about.filter((request) => isCertain(request, name))
      const possible = about.filter((request) => isPossible(request))
      const before = certain.length > 0 ? [] : this.valuesOf(name)
      const values = [...before, ...possible.map(({ facts }) => facts.get(name))]
      this.#values.set(name, [...new Set(values)])
    }
    // Somebody of whom a DELETE is still open and whom a later write speaks of may stay visible.
    for (const { facts, ending } of requests) {
      if (ending === 'refused') continue
      for (const name of facts.keys()) {
        const deleted = /^(?:login|title|active) (\d+)$/.exec(name)?.[1]
        if (deleted !== undefined && !facts.has(`deleted ${deleted}`))
          this.#allow(`deleted ${deleted}`, false)
      }
    }
  }

  #allow(name: string, value: unknown): void {
    if (this.#values.has(name))
      this.#values.set(name, [...new Set([...this.valuesOf(name), value])])
  }
}

function isCertain({ ending, removals }: Ended, name: string): boolean {
  return ending === 'acknowledged' || (ending === 'trouble' && removals.has(name))
}

function isPossible({ ending }: Ended): boolean {
  return ending !== 'refused'
}

/** What Box holds, by fact, and where SCIM shows something else. */
export async function observe(bridge: ModelBridge) {
  const { box, directory } = bridge
  const facts = new Map<string, unknown>()
  const problems: string[] = []
  const put = (name: string, value: unknown) => {
    if (facts.has(name)) problems.push(`${name} is there twice`)
    facts.set(name, value)
  }
  const people = new Map<string, string>()
  const groups = new Map<string, string>()
  for (const user of box.users.values()) {
    const index = user.externalAppUserId.slice('e-'.length)
    people.set(user.id, index)
    put(`login ${index}`, user.login)
    put(`title ${index}`, user.jobTitle)
    put(`active ${index}`, user.status === 'active')
    const record = await directory.users.get(user.id)
    put(`deleted ${index}`, record?.tombstone === true)
    if (record === undefined) problems.push(`person ${index} is not in the directory`)
    else {
      for (const field of ['login', 'jobTitle', 'status'] as const) {
        if (record.snapshot[field] !== user[field]) {
          problems.push(
            `person ${index}: the directory has ${field} ${record.snapshot[field]}, Box ${user[field]}`
          )
        }
      }
    }
    const aliases = (box.aliases.get(user.id) ?? []).map(({ email }) => email)
    if (aliases.length > 0) problems.push(`person ${index} has aliases left: ${aliases.join(', ')}`)
  }
  for (const group of box.groups.values()) {
    const index = group.externalSyncIdentifier.slice('g-'.length)
    groups.set(group.id, index)
    put(`name ${index}`, group.name)
    const record = await directory.groups.get(group.id)
    put(`hidden ${index}`, record?.tombstone === true)
    if (record?.snapshot.name !== group.name)
      problems.push(`group ${index} differs in the directory`)
  }
  for (const { userId, groupId } of box.memberships.values()) {
    put(`member ${groups.get(groupId)}/${people.get(userId)}`, true)
  }
  for (const [groupId, group] of groups) {
    for (const [userId, person] of people) {
      const name = `member ${group}/${person}`
      if (!facts.has(name)) facts.set(name, false)
      const row = await directory.memberships.get(groupId as never, userId as never)
      if ((row?.intended ?? false) !== facts.get(name)) {
        problems.push(
          `${name}: the directory says ${row?.intended}, Box ${String(facts.get(name))}`
        )
      }
    }
  }
  return { facts, problems }
}
