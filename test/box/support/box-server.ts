import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as it arrived. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What the server does with a request. */
export type Answer =
  | { status: number; json?: unknown; text?: string; headers?: Record<string, string> }
  | 'reset'
  | 'hang'

/** A throw-away Box on a port of its own. */
export interface BoxServer {
  readonly url: string
  /** Requests to the API, in order. */
  readonly requests: Arrived[]
  /** Requests to the token endpoint, in order. */
  readonly tokenRequests: Arrived[]
  /** Answers to the API; the function is called for each request. */
  answer: (request: Arrived, index: number) => Answer | Promise<Answer>
  /** Answers to the token endpoint; by default a new token each time, valid for an hour. */
  answerToken: (request: Arrived, index: number) => Answer | Promise<Answer>
  /** The number of connections that were opened. */
  connections(): number
  /** Ends the server before the test ends. */
  stop(): Promise<void>
}

/** Starts a server that ends with the test. */
export async function startBoxServer(t: {
  teardown(end: () => Promise<unknown>): void
}): Promise<BoxServer> {
  const requests: Arrived[] = []
  const tokenRequests: Arrived[] = []
  let connections = 0
  const server = createServer((request, response) => void serve(request, response))
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(stop)
  const box: BoxServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    tokenRequests,
    answer: () => ({ status: 500 }),
    answerToken: (_request, index) => ({ status: 200, json: token(`token-${index + 1}`, 3600) }),
    connections: () => connections,
    stop
  }
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', box.url)
    const arrived: Arrived = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await text(request)
    }
    const isToken = url.pathname === '/oauth2/token'
    const index = (isToken ? tokenRequests : requests).push(arrived) - 1
    const answer = await (isToken ? box.answerToken : box.answer)(arrived, index)
    if (answer === 'reset') request.socket.resetAndDestroy()
    else if (answer !== 'hang') send(response, answer)
  }
  return box
}

function send(response: ServerResponse, answer: Exclude<Answer, string>): void {
  const type = answer.text === undefined ? 'application/json' : 'text/html'
  response.writeHead(answer.status, { 'content-type': type, ...answer.headers })
  response.end(answer.text ?? (answer.json === undefined ? undefined : JSON.stringify(answer.json)))
}

/** The token endpoint's answer, as Box's guide prints it. */
export function token(value: string, seconds: number) {
  return { access_token: value, expires_in: seconds, restricted_to: [], token_type: 'bearer' }
}

/** An error in the shape of Box's API. */
export function boxError(status: number, code: string, message: string, context?: unknown) {
  return {
    status,
    json: {
      type: 'error',
      status,
      code,
      ...(context === undefined ? {} : { context_info: context }),
      help_url: 'http://developers.box.com/docs/#errors',
      message,
      request_id: 'nwogfbhkcvt2r3mk'
    }
  }
}
