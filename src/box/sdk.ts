import { NetworkSession } from 'box-typescript-sdk-gen/networking/network.generated'
import { BaseUrls } from 'box-typescript-sdk-gen/networking/baseUrls.generated'
import type { FetchOptionsInput } from 'box-typescript-sdk-gen/networking/fetchOptions.generated'
import type { HttpAnswer, HttpRequest } from './transport.ts'

/** Lets the SDK make a request and returns Box's answer to it as it came. */
export type ThroughSdk = (
  send: (request: HttpRequest) => Promise<HttpAnswer>,
  use: (session: NetworkSession) => Promise<unknown>
) => Promise<HttpAnswer>

/**
 * The seam between the SDK and this layer: the SDK's managers choose paths, queries and bodies, our
 * `send` does everything that concerns the network.
 *
 * The answer is taken as it came and not as the SDK decodes it: its decoder rejects a whole page for
 * one number where it expects a text, and hides the time stamps' text. What it thinks of an answer is
 * therefore of no interest once Box has answered.
 *
 * @param apiUrl - Box's base address, without `/2.0`, e.g. `https://api.box.com`.
 */
export function createSdkSeam(apiUrl: string): ThroughSdk {
  const baseUrl = apiUrl.replace(/\/+$/, '')
  const base = new NetworkSession({
    baseUrls: new BaseUrls({ baseUrl, uploadUrl: baseUrl, oauth2Url: baseUrl })
  })
  return async (send, use) => {
    let answer: HttpAnswer | undefined
    const session = base.withNetworkClient({
      async fetch(options) {
        answer = await send(toHttpRequest(options))
        return { status: answer.status, headers: answer.headers, data: answer.body }
      }
    })
    try {
      await use(session)
    } catch (error) {
      if (answer === undefined) throw error
    }
    if (answer === undefined) throw new TypeError('The SDK answered without asking Box')
    return answer
  }
}

function toHttpRequest(options: FetchOptionsInput): HttpRequest {
  const { method, headers = {}, data, contentType = 'application/json' } = options
  if (options.multipartData !== undefined || options.fileStream !== undefined) {
    throw new TypeError('Only JSON and form requests can be sent')
  }
  const url = new URL(options.url)
  for (const [name, value] of Object.entries(options.params ?? {}))
    url.searchParams.set(name, value)
  const request = { method, url: url.href, headers: { accept: 'application/json', ...headers } }
  if (data === undefined) return request
  return {
    ...request,
    headers: { ...request.headers, 'content-type': contentType },
    body: contentType === 'application/json' ? JSON.stringify(data) : form(data)
  }
}

/** `application/x-www-form-urlencoded`; keys without a value are left out. */
function form(data: FetchOptionsInput['data']): string {
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(Object(data) as Record<string, unknown>)) {
    if (typeof value === 'string' || typeof value === 'number') fields.set(name, String(value))
  }
  return fields.toString()
}
