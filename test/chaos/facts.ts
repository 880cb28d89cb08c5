import type { EnterpriseState } from '../../src/emulator/state.ts'

/**
 * Facts about people and groups, who go by number: `login 7`, `title 7`, `active 7`, `deleted 7`,
 * `name 3` and `hidden 3` of a group, `member 3/7`. What is absent is not known, or not so.
 */
export type Facts = ReadonlyMap<string, unknown>

/** The externalId of a person or a group, by which they are known in Box whatever their names. */
export const externalIdOf = (kind: 'person' | 'group', index: number): string => `${kind}-${index}`

/** What Box holds, as facts, and what it holds twice or should not hold at all. */
export interface BoxView {
  readonly facts: Facts
  readonly duplicates: readonly string[]
}

/** Reads the emulator's state. The admin of an empty enterprise is nobody's concern. */
export function boxView({ users, groups }: EnterpriseState): BoxView {
  const facts = new Map<string, unknown>()
  const duplicates: string[] = []
  const put = (name: string, value: unknown) => {
    if (facts.has(name)) duplicates.push(name)
    facts.set(name, value)
  }
  const people = new Map<string, string>()
  for (const [login, user] of Object.entries(users)) {
    if (user.role === 'admin') continue
    const index = indexOf('person', user.external_app_user_id ?? '')
    people.set(login, index)
    put(`login ${index}`, login)
    put(`title ${index}`, user.job_title)
    put(`active ${index}`, user.status === 'active')
    for (const alias of user.aliases) put(`alias ${index} ${alias}`, true)
  }
  for (const [name, group] of Object.entries(groups)) {
    const index = indexOf('group', group.external_sync_identifier ?? '')
    put(`name ${index}`, name)
    for (const login of group.members) put(`member ${index}/${people.get(login) ?? login}`, true)
  }
  return { facts, duplicates }
}

/** How Box differs from what was meant, one line for each difference. */
export function driftOf(intended: Facts, box: Facts): readonly string[] {
  const names = new Set([...intended.keys(), ...box.keys()])
  return [...names].filter(isInBox).flatMap((name) => {
    // Nobody asks Box for what is not so: not to be a member is to have no membership.
    const wanted =
      intended.get(name) === false && !name.startsWith('active') ? undefined : intended.get(name)
    const found = box.get(name)
    return wanted === found ? [] : [`${name}: ${String(wanted)} meant, ${String(found)} found`]
  })
}

/** Hidden is what SCIM does not show; Box keeps it. */
function isInBox(name: string): boolean {
  return !name.startsWith('deleted') && !name.startsWith('hidden')
}

function indexOf(kind: 'person' | 'group', externalId: string): string {
  const prefix = `${kind}-`
  return externalId.startsWith(prefix) ? externalId.slice(prefix.length) : `unknown ${externalId}`
}
