import { connect } from 'node:net'

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/**
 * Writes bytes on a connection of its own and reads until the server closes it. Resolves to all
 * answers, in order; rejects where the connection is still open after `limitMs`.
 */
export function exchangeBytes(
  port: number,
  bytes: Buffer,
  { halfClose = false, limitMs = 20_000 }: { halfClose?: boolean; limitMs?: number } = {}
): Promise<readonly WireAnswer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const end = () => {
      clearTimeout(timer)
      socket.destroy()
      try {
        resolve(parseAnswers(Buffer.concat(chunks)))
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`No end after ${limitMs} ms; so far ${Buffer.concat(chunks).toString()}`))
    }, limitMs)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', end)
    // A server that refuses a body closes while it is still being sent.
    socket.on('error', end)
    socket.write(bytes)
    if (halfClose) socket.end()
  })
}

function parseAnswers(bytes: Buffer): readonly WireAnswer[] {
  const answers: WireAnswer[] = []
  let rest = bytes
  while (rest.length > 0) {
    const headEnd = rest.indexOf('\r\n\r\n')
    if (headEnd < 0) throw new Error(`No HTTP: ${rest.toString('latin1', 0, 200)}`)
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
      })
    )
    const bodyEnd = headEnd + 4 + Number(headers.get('content-length') ?? 0)
    answers.push({ status, headers, body: rest.toString('utf8', headEnd + 4, bodyEnd) })
    rest = rest.subarray(bodyEnd)
  }
  return answers.filter(({ status }) => status !== 100)
}
