import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionError, FastifyBaseLogger } from 'fastify'
import type { Milliseconds } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { errorBody } from '../protocol/errors.ts'
import { scimMediaType } from './content-type.ts'
import { standingHeaders } from './correlation.ts'
import type { ErrorAnswer } from './errors.ts'

/** What the answers to unreadable requests need. */
export interface ClientErrorOptions {
  readonly random: Random
  readonly demo: boolean
  /** Bytes of all headers and the URL together, for the 431. */
  readonly maxHeaderBytes: number
  readonly log: FastifyBaseLogger
}

/** How long a refused connection may take to read its answer. */
const lingerMs: Milliseconds = 1_000

/**
 * Answers what the HTTP parser refuses: there is no request yet, so the answer is written on the
 * socket and the connection closed.
 * See https://nodejs.org/api/http.html#event-clienterror
 */
export function createClientErrorHandler(options: ClientErrorOptions) {
  return ({ code }: ConnectionError, socket: Socket): void => {
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    answerOnSocket(socket, { ...clientAnswer(code, options.maxHeaderBytes), code }, options)
    socket.setTimeout(lingerMs, () => socket.destroy())
  }
}

/**
 * Answers what Node.js keeps from every route: CONNECT (RFC 9110 §9.3.6) and expectations other than
 * `100-continue` (§10.1.1). Otherwise one gets no answer at all and the other one that is not SCIM's.
 */
export function answerBesideRoutes(server: Server, options: ClientErrorOptions): void {
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    const answer = { status: 501, detail: 'This server is no proxy.', code: 'CONNECT' }
    answerOnSocket(socket, answer, options)
  })
  server.on('checkExpectation', ({ socket }: IncomingMessage) => {
    const answer = {
      status: 417,
      detail: 'The only expectation met is 100-continue.',
      code: 'Expect'
    }
    answerOnSocket(socket, answer, options)
  })
}

function answerOnSocket(
  socket: Duplex,
  { code, ...answer }: ErrorAnswer & { readonly code: string },
  { random, log, demo }: ClientErrorOptions
): void {
  const correlationId = random.uuid()
  log.info({ correlationId, status: answer.status, code }, 'unreadable request')
  socket.end(asHttp(answer, standingHeaders(correlationId, demo)))
}

function clientAnswer(code: string, maxHeaderBytes: number): ErrorAnswer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, detail: `URL and headers are longer than ${maxHeaderBytes} bytes.` }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, detail: 'The request did not arrive in time.' }
    default:
      return { status: 400, detail: 'This is no valid HTTP request.' }
  }
}

function asHttp(answer: ErrorAnswer, standing: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(errorBody(answer))
  const headers = {
    ...standing,
    'content-type': scimMediaType,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close'
  }
  return [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    body
  ].join('\r\n')
}
