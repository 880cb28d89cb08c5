import type { ExpectedState } from './exchange-file.ts'
import { differences } from './matcher.ts'

/** What Box holds, in the form in which the emulator tells it. */
export interface BoxState {
  /** By login. */
  readonly users: Readonly<Record<string, { readonly aliases: readonly string[] }>>
  /** By name; members by login. */
  readonly groups: Readonly<Record<string, { readonly members: readonly string[] }>>
}

/**
 * Compares what Box holds with what it should hold and returns every difference: people and groups
 * that are missing or too many, fields, members. `bystanders` are people who are in Box whatever
 * the client does.
 */
export function compareState(
  expected: ExpectedState,
  actual: BoxState,
  bystanders: ReadonlySet<string> = new Set()
): string[] {
  const users = Object.entries(actual.users).filter(([login]) => !bystanders.has(login))
  const logins = users.map(([login]) => login)
  return [
    ...setDifferences('users', Object.keys(expected.users), logins),
    ...setDifferences('groups', Object.keys(expected.groups), Object.keys(actual.groups)),
    ...expected.absentUsers.flatMap((login) => absenceProblems(login, actual)),
    ...users.flatMap(([login, fields]) => fieldProblems(login, fields, expected)),
    ...Object.entries(actual.groups).flatMap(([name, { members }]) =>
      Object.hasOwn(expected.groups, name)
        ? setDifferences(`members of ${name}`, expected.groups[name] ?? [], members)
        : []
    )
  ]
}

function absenceProblems(absent: string, { users }: BoxState): string[] {
  return Object.entries(users)
    .filter(([login, { aliases }]) => login === absent || aliases.includes(absent))
    .map(([login]) => `${absent} still leads to ${login}`)
}

function fieldProblems(login: string, fields: object, expected: ExpectedState): string[] {
  if (!Object.hasOwn(expected.users, login)) return []
  return differences(expected.users[login] ?? {}, { ...fields }).map(
    (problem) => `${login} ${problem}`
  )
}

function setDifferences(
  what: string,
  expected: readonly string[],
  actual: readonly string[]
): string[] {
  const missing = expected.filter((entry) => !actual.includes(entry))
  const surplus = actual.filter((entry) => !expected.includes(entry))
  const twice = actual.filter((entry, index) => actual.indexOf(entry) !== index)
  return [
    ...missing.map((entry) => `${what}: ${entry} is missing`),
    ...surplus.map((entry) => `${what}: ${entry} is too many`),
    ...twice.map((entry) => `${what}: ${entry} is there twice`)
  ]
}
