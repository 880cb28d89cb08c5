import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A request that the receiver got. */
export interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver of alerts on a port of its own. */
export interface AlertReceiver {
  readonly url: string
  readonly received: readonly Received[]
  /** The facts of every alert of that kind so far. */
  readonly facts: (kind: string) => readonly Readonly<Record<string, unknown>>[]
}

/** Starts a receiver that answers with `statuses` one after the other, then 204; it ends with `t`. */
export async function startAlertReceiver(
  t: Test,
  statuses: readonly number[] = []
): Promise<AlertReceiver> {
  const received: Received[] = []
  const server = createServer((request, reply) => {
    const answer = async () => {
      const body = await text(request)
      received.push({ url: request.url ?? '', headers: request.headers, body })
      const status = statuses[received.length - 1] ?? 204
      reply.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    }
    void answer()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    facts: (kind) =>
      received
        .map(({ body }) => JSON.parse(body) as { kind: string; facts: Record<string, unknown> })
        .filter((alert) => alert.kind === kind)
        .map(({ facts }) => facts)
  }
}
