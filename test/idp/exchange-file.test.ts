import t from 'tap'
import { exchangeFileNames, problemsOf, readExchangeFile } from './exchange-file.ts'
import type { ExchangeFile } from './exchange-file.ts'

const names = exchangeFileNames()

t.test('each dialect has its run', async (t) => {
  t.same(names, [
    'entra-default.json',
    'entra-flag.json',
    'entra-validator.json',
    'okta-catalogue.json',
    'okta-spec-suite.json',
    'okta-wizard.json',
    'other-clients.json'
  ])
})

for (const name of names) {
  t.test(name, async (t) => {
    const file = readExchangeFile(name)
    t.same(repeated(file.exchanges.map((exchange) => exchange.name)), [], 'names are unique')
    t.same(unknownNames(file), [], 'a value is remembered before it is used')
    t.same(unexpectedLogins(file), [], 'the expectation speaks of everybody')
  })
}

t.test('a run in a wrong form is refused with every problem', async (t) => {
  const file = readExchangeFile('entra-default.json')
  const [first, ...rest] = file.exchanges
  t.same(problemsOf(file), [])
  t.match(problemsOf({ ...file, source: 'hearsay', expect: undefined }), [
    /must have required property 'expect'/u,
    /\/source must match/u
  ])
  t.match(problemsOf({ ...file, exchanges: [{ ...first, boxCalls: 1 }, ...rest] }), [
    /\/exchanges\/0\/boxCalls must be equal to constant/u,
    /./u
  ])
  const elsewhere = { ...file.expect, absentUsers: ['someone@example.org'] }
  t.match(problemsOf({ ...file, expect: elsewhere }), [
    /\/expect\/absentUsers\/0 must match format/u
  ])
})

function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index)
}

/** Uses of names that no exchange up to there remembers. */
function unknownNames({ exchanges }: ExchangeFile): string[] {
  const known = new Set(['baseUrl', 'token'])
  return exchanges.flatMap(({ request, response, remember }) => {
    const early = usesIn(request).filter((name) => !known.has(name))
    for (const name of Object.keys(remember ?? {})) known.add(name)
    return [...early, ...usesIn(response).filter((name) => !known.has(name))]
  })
}

function usesIn(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/\{\{(\w+)\}\}/gu)].map(([, name]) => name ?? '')
}

/** Logins that the run creates or that the seed holds, and of which the expectation is silent. */
function unexpectedLogins({ env, exchanges, seed, expect }: ExchangeFile): string[] {
  const spokenOf = new Set([...Object.keys(expect.users), ...expect.absentUsers])
  const created = exchanges
    .filter(({ request, response }) => request.method === 'POST' && response.status === 201)
    .flatMap(
      ({ request }) => /"userName":"([^"]+)"/iu.exec(JSON.stringify(request.body))?.[1] ?? []
    )
    .map((name) => (name.includes('@') ? name : `${name}@${env?.['LOGIN_DOMAIN'] ?? ''}`))
  const seeded = (seed?.users ?? []).map(({ login }) => login)
  return [...created, ...seeded].filter((login) => !spokenOf.has(login))
}
