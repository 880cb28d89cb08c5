import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Milliseconds } from '../../lib/clock.ts'

/** How many looks a client has to take something of its answer. */
const looks = 6

/** What a client had taken at the last look at which it had taken more. */
interface Progress {
  taken: number
  looks: number
}

/** How many connections there are. */
export type CountConnections = () => number

/**
 * Accepts at most `connections`, and ends those of clients that take nothing of their answer for
 * `silenceMs`: what they do not read would be kept for them.
 */
export function boundConnections(
  app: FastifyInstance,
  { connections, silenceMs }: { readonly connections: number; readonly silenceMs: Milliseconds }
): CountConnections {
  const clients = new Map<Socket, Progress>()
  app.server.maxConnections = connections
  app.server.on('connection', (socket: Socket) => {
    clients.set(socket, { taken: 0, looks: 0 })
    socket.once('close', () => clients.delete(socket))
  })
  const timer = setInterval(() => {
    for (const [socket, progress] of clients) lookAt(socket, progress)
  }, silenceMs / looks)
  timer.unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    done()
  })
  return () => clients.size
}

function lookAt(socket: Socket, progress: Progress): void {
  const taken = socket.bytesWritten - socket.writableLength
  if (socket.writableLength === 0 || taken !== progress.taken) {
    progress.taken = taken
    progress.looks = 0
    return
  }
  progress.looks += 1
  if (progress.looks >= looks) socket.destroy()
}
