import t from 'tap'
import type { HostileRequest, Names } from '../hostile/corpus.ts'
import { onTheWire, readCorpus } from '../hostile/corpus.ts'
import { exchangeBytes } from '../hostile/wire.ts'
import type { WireAnswer } from '../hostile/wire.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import type { BridgeProcess } from '../helpers/bridge-process.ts'
import { group, person } from '../helpers/scim-client.ts'

/**
 * The heap that the server's process may use: one that keeps more of a request than it needs ends
 * there, and every later exchange fails.
 */
const heapMegabytes = 512

const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** Everything that a request could have changed: what SCIM shows and what Box holds. */
async function stateOf({ scim, emulator }: BridgeProcess): Promise<object> {
  const lists = [await scim.get('/Users?count=100'), await scim.get('/Groups?count=100')]
  return { shown: lists.map(({ body }) => body['Resources']), box: emulator.state() }
}

/** What is wrong with the answers to a request; empty where nothing is. */
function problemsWith(request: HostileRequest, answers: readonly WireAnswer[]): string[] {
  const [answer] = answers
  if (answer === undefined || answers.length > 1) return [`${answers.length} answers`]
  const { status, headers, body } = answer
  const text = [...headers.values(), body].join('\n')
  const expected = [request.status].flat()
  return [
    ...(expected.includes(status) ? [] : [`status ${status} instead of ${expected.join(' or ')}`]),
    ...(status < 400 && request.legitimate === undefined ? ['was not refused'] : []),
    ...(status < 400 || request.method === 'HEAD' ? [] : problemsWithError(request, answer)),
    ...(headers.has('x-injected') ? ['an injected header'] : []),
    ...(request.never !== undefined && text.includes(request.never)
      ? [`the answer contains ${request.never}`]
      : [])
  ].map((problem) => `${problem}: ${text.slice(0, 400)}`)
}

/** A refusal is a SCIM error whatever refused it (RFC 7644 §3.12), and explains itself briefly. */
function problemsWithError({ scimType }: HostileRequest, answer: WireAnswer): string[] {
  const { status, headers, body } = answer
  const type = headers.get('content-type') ?? 'none'
  if (!type.startsWith('application/scim+json')) return [`media type ${type}`]
  const error = JSON.parse(body) as Readonly<Record<string, unknown>>
  const isError =
    JSON.stringify(error['schemas']) === JSON.stringify([errorSchema]) &&
    error['status'] === String(status) &&
    typeof error['detail'] === 'string'
  return [
    ...(isError ? [] : ['no SCIM error']),
    ...(scimType === undefined || error['scimType'] === scimType ? [] : [`no ${scimType}`]),
    ...(headers.has('x-correlation-id') ? [] : ['no correlation id']),
    ...(body.length < 4_096 ? [] : [`an answer of ${body.length} characters`])
  ]
}

t.test(
  'no malformed or malicious request changes anything, costs a call or stays unanswered',
  async (t) => {
    const bridge = await bridgeProcess(t, {
      env: { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` }
    })
    await bridge.start()
    const { body: user } = await bridge.scim.post(
      '/Users',
      person('canary@example.com', { title: 'Canary', emails: [{ value: 'c@example.com' }] })
    )
    const { body: flock } = await bridge.scim.post(
      '/Groups',
      group('Canaries', [String(user['id'])])
    )
    const { host, port } = new URL(bridge.url)
    const names: Names = new Map([
      ['host', host],
      ['token', bridge.token],
      ['user', String(user['id'])],
      ['group', String(flock['id'])]
    ])
    const before = await stateOf(bridge)
    const calls = bridge.emulator.calls.length
    const send = async (request: HostileRequest) =>
      problemsWith(request, await exchangeBytes(Number(port), onTheWire(request, names), request))

    const corpus = readCorpus()
    for (const { class: name, requests } of corpus) {
      t.test(name, async (t) => {
        for (const request of requests) {
          t.same(await send(request), [], request.name)
          t.equal(bridge.emulator.calls.length, calls, `${request.name}: no call to Box`)
          t.strictSame(await stateOf(bridge), before, `${request.name}: nothing is changed`)
        }
      })
    }

    t.test('all of it at once, while others are served', async (t) => {
      const left = corpus.flatMap(({ requests }) => requests)
      const problems: string[] = []
      const attack = async () => {
        for (let request = left.pop(); request !== undefined; request = left.pop()) {
          for (const problem of await send(request)) problems.push(`${request.name}: ${problem}`)
        }
      }
      const attackers = Array.from({ length: 4 }, attack)
      while (left.length > 0) t.strictSame(await stateOf(bridge), before)
      await Promise.all(attackers)
      t.same(problems, [])
      t.equal(bridge.emulator.calls.length, calls)
    })

    t.test('the canaries sing as before', async (t) => {
      t.strictSame(await stateOf(bridge), before)
      t.same(bridge.openEntries(), [])
      t.equal((await bridge.scim.patch(`/Users/${names.get('user')}`)).status, 200)
    })
  }
)
