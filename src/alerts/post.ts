import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Milliseconds } from '../lib/clock.ts'

/** Something to be posted. */
export interface Posted {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How long all of it may take. */
  readonly timeoutMs: Milliseconds
}

/** Posts once and resolves to the status, whatever it is; rejects where there was no answer. */
export type Post = (posted: Posted) => Promise<number>

/** Posts over a connection of its own. Redirects are not followed, and no answer's body is kept. */
export const postOnce: Post = ({ url, headers, body, timeoutMs }) => {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const send = url.startsWith('https:') ? secureRequest : plainRequest
  const signal = AbortSignal.timeout(timeoutMs)
  const bytes = Buffer.from(body)
  const asked = send(
    url,
    {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...headers, 'content-length': String(bytes.length) }
    },
    (answer) => {
      // What it says is of no interest, and could be without end.
      answer.on('error', () => undefined)
      answer.destroy()
      resolve(answer.statusCode ?? 0)
    }
  )
  asked.on('error', reject)
  asked.end(bytes)
  return promise
}
