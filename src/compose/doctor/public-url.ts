import { lookup } from 'node:dns/promises'
import { connect } from 'node:tls'
import type { EpochMs, Milliseconds } from '../../lib/clock.ts'
import { fail, ok, warn, type Finding } from './finding.ts'

/** What an HTTPS server shows when somebody connects. */
export interface ShownCertificate {
  /** Why it is not trusted here; undefined where it is. */
  readonly problem: string | undefined
  readonly validTo: EpochMs
}

/** The network as seen from here. */
export interface NetworkView {
  /** The addresses of a host; rejects where there are none. */
  resolve(host: string): Promise<readonly string[]>
  /** Connects with TLS and asks for nothing; rejects where nobody answers. */
  certificate(host: string, port: number): Promise<ShownCertificate>
}

const connectMs: Milliseconds = 10_000
const dayMs: Milliseconds = 86_400_000

/** A certificate that is renewed by itself is renewed before this. */
const soonDays = 14

/** The machine's own network. */
export const systemNetwork: NetworkView = {
  async resolve(host) {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  },
  certificate(host, port) {
    const { promise, resolve, reject } = Promise.withResolvers<ShownCertificate>()
    // Looked at even where it is not trusted, since what is wrong with it is the question.
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false })
    socket.setTimeout(connectMs, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      const { authorized, authorizationError } = socket
      const problem = authorized ? undefined : String(authorizationError)
      resolve({ problem, validTo: Date.parse(socket.getPeerCertificate().valid_to) })
      socket.destroy()
    })
    return promise
  }
}

const check = 'PUBLIC_URL'

/** Whether clients can find and trust the address under which they are to reach the bridge. */
export async function publicUrlFinding(
  publicUrl: string | undefined,
  network: NetworkView,
  now: EpochMs
): Promise<Finding> {
  if (publicUrl === undefined) {
    return warn(
      check,
      'it is not set: addresses in answers are taken from each request',
      'Behind a proxy set PUBLIC_URL to the https address that clients use.'
    )
  }
  const { protocol, hostname, port } = new URL(publicUrl)
  const host = hostname.replaceAll(/[[\]]/g, '')
  const addresses = await network.resolve(host).catch((error: unknown) => codeOf(error))
  if (typeof addresses === 'string') {
    return fail(
      check,
      `${host} does not resolve here: ${addresses}`,
      'Make a DNS record for it, or correct PUBLIC_URL.'
    )
  }
  if (protocol !== 'https:') {
    return warn(check, 'it is http: tokens would travel in the clear', 'Put HTTPS in front.')
  }
  return certificateFinding(host, { network, port: Number(port || '443'), now })
}

async function certificateFinding(
  host: string,
  { network, port, now }: { network: NetworkView; port: number; now: EpochMs }
): Promise<Finding> {
  const shown = await network.certificate(host, port).catch((error: unknown) => codeOf(error))
  if (typeof shown === 'string') {
    return fail(
      check,
      `nobody answers with TLS at ${host}:${port}: ${shown}`,
      'Check that the proxy in front runs and can be reached from here; a network that does not let a machine reach its own public address is no trouble for clients.'
    )
  }
  const days = Math.floor((shown.validTo - now) / dayMs)
  if (days < 0) {
    return fail(check, `its certificate ended ${-days} days ago`, 'Renew the certificate.')
  }
  if (shown.problem !== undefined) {
    return fail(
      check,
      `its certificate is not trusted here: ${shown.problem}`,
      'Have the proxy send a certificate for this name with its whole chain, from an authority that the identity provider knows.'
    )
  }
  const found = `it resolves, and its certificate is valid for ${days} more days`
  return days < soonDays ? warn(check, found, 'Renew the certificate.') : ok(check, found)
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'no answer'
}
