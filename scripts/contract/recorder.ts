import { Agent, createServer, request as ask } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Exchange, Message } from './openapi.ts'

/** A server that passes everything on and remembers it. */
export interface Recorder {
  readonly url: string
  readonly exchanges: readonly Exchange[]
  close(): Promise<void>
}

/** Starts a recorder in front of the server at `target`. */
export async function startRecorder(target: string): Promise<Recorder> {
  const exchanges: Exchange[] = []
  const agent = new Agent({ keepAlive: true })
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', target)
    const body = await text(incoming)
    const sent = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      request: message(incoming, body)
    }
    try {
      const answer = await forward(url, incoming, { body, agent })
      const answered = await text(answer)
      const status = answer.statusCode ?? 0
      exchanges.push({ ...sent, status, answer: message(answer, answered) })
      outgoing.writeHead(status, answer.headers).end(answered)
    } catch {
      exchanges.push({ ...sent, status: 0, answer: { contentType: '', body: '' } })
      incoming.socket.resetAndDestroy()
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

function forward(
  url: URL,
  { method, headers }: IncomingMessage,
  { body, agent }: { body: string; agent: Agent }
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { agent, headers: { ...headers, host: url.host }, ...(method && { method }) }
    ask(url, options, resolve).on('error', reject).end(body)
  })
}

function message({ headers }: IncomingMessage, body: string): Message {
  return { contentType: (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '', body }
}
