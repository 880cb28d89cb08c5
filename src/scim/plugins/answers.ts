import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from '../../lib/logger.ts'
import type { Milliseconds } from '../../lib/clock.ts'

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string
  /** The pattern of the route, never the URL. */
  readonly route: string
  readonly status: number
  /** From the arrival of the request until its answer began to be sent. */
  readonly durationMs: Milliseconds
}

/**
 * Sends the answers that are made in one turn of the event loop together, at its end, and then writes
 * a line about each. An answer that is sent by itself wakes up a client that waits, which costs the
 * system more than the sending; lines that are written in a row cost half.
 *
 * The lines go straight to `log`: they hold nothing that would have to be cut out, and looking for it
 * would cost more than writing them.
 */
export function sendTogether(
  app: FastifyInstance,
  options: {
    readonly log: Logger
    readonly onAnswered: (request: AnsweredRequest) => void
  }
): void {
  const { log, onAnswered } = options
  let made = new Map<FastifyReply, () => void>()

  app.addHook('onSend', (_request, reply, payload, done) => {
    // A second answer to one request, made before the first was sent, would follow it on the connection.
    if (made.has(reply)) return
    if (made.size === 0) setImmediate(sendAll)
    const status = reply.statusCode
    made.set(reply, () => {
      // What made the second answer may have set another.
      void reply.code(status)
      done(null, payload)
    })
  })

  function sendAll(): void {
    const answers = made
    made = new Map()
    for (const [reply, send] of answers) attempt(reply, send)
    for (const reply of answers.keys()) note(reply)
  }

  /** Nobody else would catch what Fastify throws here; the client gets no answer then. */
  function attempt(reply: FastifyReply, send: () => void): void {
    try {
      send()
    } catch (error) {
      log.error({ correlationId: reply.request.id, err: error }, 'an answer could not be sent')
      reply.raw.destroy()
    }
  }

  function note(reply: FastifyReply): void {
    const { request } = reply
    const { method, id: correlationId, actor } = request
    const durationMs = reply.elapsedTime
    const route = request.routeOptions.url ?? 'none'
    const status = reply.statusCode
    const ms = Math.round(durationMs)
    log.info({ correlationId, method, route, status, ms, actor }, 'request answered')
    onAnswered({ method, route, status, durationMs })
  }
}
