import { readFile } from 'node:fs/promises'
import { isJsonObject } from '../src/lib/json.ts'
import { deviations } from './contract/deviations.ts'
import type { Deviation } from './contract/deviations.ts'
import { drive } from './contract/drive.ts'
import { createContract } from './contract/openapi.ts'
import type { Exchange, Violation } from './contract/openapi.ts'

/** What the adapter can ask; each must have been asked and answered with success. */
const operations = [
  'POST /oauth2/token',
  'GET /2.0/users/me',
  'GET /2.0/users',
  'POST /2.0/users',
  'GET /2.0/users/:id',
  'PUT /2.0/users/:id',
  'DELETE /2.0/users/:id',
  'PUT /2.0/users/:id/folders/:id',
  'POST /2.0/users/terminate_sessions',
  'GET /2.0/users/:id/email_aliases',
  'POST /2.0/users/:id/email_aliases',
  'DELETE /2.0/users/:id/email_aliases/:id',
  'GET /2.0/users/:id/memberships',
  'GET /2.0/groups',
  'POST /2.0/groups',
  'GET /2.0/groups/:id',
  'PUT /2.0/groups/:id',
  'DELETE /2.0/groups/:id',
  'GET /2.0/groups/:id/memberships',
  'POST /2.0/group_memberships',
  'GET /2.0/group_memberships/:id',
  'DELETE /2.0/group_memberships/:id',
  'GET /2.0/events',
  'POST /2.0/invites',
  'GET /2.0/invites/:id'
]

/**
 * `npm run contract -- PATH-TO-OPENAPI`: holds every request of the Box adapter and every answer of
 * the Box emulator against Box's OpenAPI 3.0 description. Exits with 1 on a violation, 2 on misuse.
 */
async function main(path: string | undefined): Promise<number> {
  if (path === undefined) {
    console.error('Usage: npm run contract -- PATH-TO-OPENAPI')
    return 2
  }
  const document: unknown = JSON.parse(await readFile(path, 'utf8'))
  if (!isJsonObject(document)) throw new TypeError(`${path} holds no OpenAPI description`)
  const contract = createContract(document)
  const exchanges = await drive()
  const meant = new Map<Deviation, number>(deviations.map((deviation) => [deviation, 0]))
  const seen = new Set(exchanges.filter(isSuccess).map(operationOf))
  const violations = operations
    .filter((operation) => !seen.has(operation))
    .map((operation) => `${operation} was never answered with success`)
  for (const exchange of exchanges) {
    for (const violation of contract.check(exchange)) {
      const deviation = deviations.find((one) => one.applies(exchange, violation))
      if (deviation === undefined) violations.push(describe(exchange, violation))
      else meant.set(deviation, (meant.get(deviation) ?? 0) + 1)
    }
  }
  console.log('Deliberate deviations from the description:')
  for (const [{ name, justification }, count] of meant) {
    console.log(`- ${name} (${count} times): ${justification}`)
  }
  for (const [text, count] of tally(violations)) console.log(`VIOLATION ${text} (${count} times)`)
  console.log(`${exchanges.length} exchanges checked, ${violations.length} violations`)
  return violations.length === 0 ? 0 : 1
}

function isSuccess({ status }: Exchange): boolean {
  return status >= 200 && status < 300
}

function operationOf({ method, path }: Exchange): string {
  return `${method} ${path.replaceAll(/\/\d+(?=\/|$)/g, '/:id')}`
}

function describe(exchange: Exchange, { side, text }: Violation): string {
  return `${operationOf(exchange)} ${side} (${exchange.status}): ${text}`
}

function tally(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

process.exitCode = await main(process.argv[2])
