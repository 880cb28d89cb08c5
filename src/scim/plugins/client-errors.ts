import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
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
  return (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const correlationId = options.random.uuid()
    const answer = clientAnswer(error.code, options.maxHeaderBytes)
    options.log.info(
      { correlationId, status: answer.status, code: error.code },
      'unreadable request'
    )
    socket.end(asHttp(answer, standingHeaders(correlationId, options.demo)))
    socket.setTimeout(lingerMs, () => socket.destroy())
  }
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
