import type { SeededRandom } from '../helpers/seeded-random.ts'
import type { Facts } from './facts.ts'
import type { Provider, Task } from './provider.ts'

/** How much an identity provider has to do. */
export interface Size {
  readonly people: number
  readonly groups: number
  readonly memberships: number
}

/** What an identity provider sends, cycle by cycle. */
export interface Cycles {
  /** Everybody and everything for the first time: phases, each of which needs the one before. */
  first(): readonly (readonly Task[])[]
  /**
   * Changes of all kinds, to be sent in any order: no two of them contradict each other. Everything
   * of the cycle before must have been acknowledged, or given up where it is sent once.
   */
  next(): readonly Task[]
  /** What all cycles so far come to. */
  readonly intended: Facts
}

/** As many members as an identity provider puts into one request. */
const membersPerRequest = 10

/** The share of removals that the identity provider sends once and then forgets about. */
const sentOnce = 0.4

/** Plans the cycles of an identity provider. */
export function createCycles(idp: Provider, random: SeededRandom, size: Size): Cycles {
  const intended = new Map<string, unknown>()
  const people = [...Array(size.people).keys()]
  const groups = [...Array(size.groups).keys()]
  let names = 0

  return {
    intended,

    first() {
      const perGroup = Math.ceil(size.memberships / size.groups)
      return [
        people.map((index) => provision(index)),
        groups.map((index) => keep(idp.provisionGroup(index, nameOf()))),
        random.shuffle([
          ...groups.flatMap((group) => change(group, 'Add', random.sample(people, perGroup))),
          ...random.sample(people, size.people / 10).map((index) => promote(index))
        ])
      ]
    },

    next() {
      const gone = people.filter((index) => is('deleted', index))
      const present = people.filter((index) => !is('deleted', index))
      const deleted = new Set(random.sample(present, size.people / 50))
      const staying = present.filter((index) => !deleted.has(index))
      const hidden = groups.filter((index) => is('hidden', index))
      const shown = random.shuffle(groups.filter((index) => !is('hidden', index)))
      const [dissolved, ...others] = shown
      const tasks = [
        ...gone.filter(() => random.chance(0.5)).map(restore),
        ...[...deleted].map((index) => keep(idp.deletePerson(index))),
        ...random.sample(staying, size.people / 10).map(promote),
        ...random.sample(staying, size.people / 30).map(rename),
        ...staying.flatMap(comeOrGo),
        ...hidden.map((index) =>
          keep(idp.provisionGroup(index, String(intended.get(`name ${index}`))))
        ),
        ...(dissolved === undefined ? [] : [dissolve(dissolved)]),
        ...random
          .sample(others, size.groups / 10)
          .map((index) => keep(idp.renameGroup(index, nameOf()))),
        ...others.flatMap((group) => changeSome(group, staying))
      ]
      return random.shuffle([...tasks, ...joiners()])
    }
  }

  /** Remembers what the task makes true. */
  function keep(task: Task): Task {
    for (const [name, value] of Object.entries(task.facts)) intended.set(name, value)
    return task
  }

  function is(what: 'deleted' | 'active' | 'hidden', index: number): boolean {
    return intended.get(`${what} ${index}`) === true
  }

  function nameOf(): string {
    names += 1
    return `Group ${names}`
  }

  function loginOf(index: number): string {
    names += 1
    return `p${index}.${names}@example.com`
  }

  function provision(index: number): Task {
    return keep(idp.provision(index, { login: loginOf(index), title: 'Joiner', groups: [] }))
  }

  function restore(index: number): Task {
    const login = String(intended.get(`login ${index}`))
    return keep(idp.provision(index, { login, title: 'Back again', groups: groupsOf(index) }))
  }

  function promote(index: number): Task {
    names += 1
    return keep(idp.setTitle(index, `Title ${names}`))
  }

  function rename(index: number): Task {
    return keep(idp.rename(index, loginOf(index)))
  }

  function comeOrGo(index: number): readonly Task[] {
    const isActive = is('active', index)
    if (!random.chance(isActive ? 0.05 : 0.4)) return []
    return [once(keep(idp.setActive(index, !isActive)), isActive)]
  }

  function dissolve(group: number): Task {
    return once(keep(idp.deleteGroup(group, membersOf(group))), true)
  }

  function changeSome(group: number, staying: readonly number[]): readonly Task[] {
    const members = new Set(membersOf(group))
    const leavers = staying.filter((index) => members.has(index))
    const others = staying.filter((index) => !members.has(index))
    return [
      ...change(group, 'Remove', random.sample(leavers, 8)),
      ...change(group, 'Add', random.sample(others, 8))
    ]
  }

  /** People who were not there before; their number stays within twice the first one. */
  function joiners(): readonly Task[] {
    const count = Math.min(Math.ceil(size.people / 50), 2 * size.people - people.length)
    return Array.from({ length: count }, () => {
      const index = people.length
      people.push(index)
      return provision(index)
    })
  }

  function change(
    group: number,
    op: 'Add' | 'Remove',
    members: readonly number[]
  ): readonly Task[] {
    return members
      .map((_, index) => members.slice(index, index + membersPerRequest))
      .filter((_, index) => index % membersPerRequest === 0)
      .map((some) => once(keep(idp.changeMembers(group, op, some)), op === 'Remove'))
  }

  function once(task: Task, isRemoval: boolean): Task {
    return isRemoval && random.chance(sentOnce) ? { ...task, isSentOnce: true } : task
  }

  function membersOf(group: number): readonly number[] {
    return people.filter((index) => intended.get(`member ${group}/${index}`) === true)
  }

  function groupsOf(person: number): readonly number[] {
    return groups.filter((group) => intended.get(`member ${group}/${person}`) === true)
  }
}
