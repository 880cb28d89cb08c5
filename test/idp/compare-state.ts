import type { JsonObject } from '../../src/lib/json.ts'
import type { ExpectedState } from './exchange-file.ts'
import { differences } from './matcher.ts'

/** What Box holds, people by login and memberships by group name and login. */
export interface BoxState {
  readonly users: readonly ({
    readonly login: string
    readonly aliases: readonly string[]
  } & JsonObject)[]
  readonly groups: readonly { readonly name: string; readonly members: readonly string[] }[]
}

/**
 * Compares what Box holds with what it should hold and returns every difference: people and groups
 * that lack, are too many or are there twice, fields, members.
 */
export function compareState(expected: ExpectedState, actual: BoxState): string[] {
  return [
    ...setDifferences('users', Object.keys(expected.users), logins(actual)),
    ...setDifferences('groups', Object.keys(expected.groups), groupNames(actual)),
    ...expected.absentUsers.flatMap((login) => absenceProblems(login, actual)),
    ...actual.users.flatMap((user) => fieldProblems(user, expected)),
    ...actual.groups.flatMap(({ name, members }) =>
      Object.hasOwn(expected.groups, name)
        ? setDifferences(`members of ${name}`, expected.groups[name] ?? [], members)
        : []
    )
  ]
}

function logins(state: BoxState): string[] {
  return state.users.map(({ login }) => login)
}

function groupNames(state: BoxState): string[] {
  return state.groups.map(({ name }) => name)
}

function absenceProblems(login: string, { users }: BoxState): string[] {
  return users
    .filter((user) => user.login === login || user.aliases.includes(login))
    .map((user) => `${login} still leads to ${user.login}`)
}

function fieldProblems(user: BoxState['users'][number], expected: ExpectedState): string[] {
  if (!Object.hasOwn(expected.users, user.login)) return []
  return differences(expected.users[user.login] ?? {}, user).map(
    (problem) => `${user.login} ${problem}`
  )
}

function setDifferences(
  what: string,
  expected: readonly string[],
  actual: readonly string[]
): string[] {
  const lacking = expected.filter((entry) => !actual.includes(entry))
  const surplus = actual.filter((entry) => !expected.includes(entry))
  const twice = actual.filter((entry, index) => actual.indexOf(entry) !== index)
  return [
    ...lacking.map((entry) => `${what}: ${entry} is missing`),
    ...surplus.map((entry) => `${what}: ${entry} is too many`),
    ...twice.map((entry) => `${what}: ${entry} is there twice`)
  ]
}
