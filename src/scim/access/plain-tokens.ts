import { timingSafeEqual } from 'node:crypto'
import { accessScopes } from '../../lib/access-scopes.ts'
import type { Check } from './authenticator.ts'
import { rightsOf } from './caller.ts'
import type { Caller } from './caller.ts'

/** All of them but `read-only`, which takes rights away. */
const everything = rightsOf(accessScopes.filter((scope) => scope !== 'read-only'))

/** Bytes that every token is compared in, or a multiple of it where a token is longer. */
const roomStep = 256

/** Bytes in front of a token for its length: without it, zeros at its end would not count. */
const lengthBytes = 4

/**
 * Checks bearer tokens against `tokens`, each of which may do everything; the callers are named
 * `token-1`, `token-2` … in their order. The time it takes tells nothing about the tokens: all fill
 * the same room, which is compared in constant time, and every one is compared whatever the ones before
 * it said. Hashes would do the same and take three times as long.
 */
export function createPlainTokenCheck(tokens: readonly string[]): Check {
  const longest = Math.max(0, ...tokens.map((token) => Buffer.byteLength(token)))
  const room = Math.ceil((longest + lengthBytes) / roomStep) * roomStep
  const known = tokens.map((token, index) => ({
    caller: { actor: `token-${index + 1}`, rights: everything },
    filled: fill(Buffer.alloc(room), token)
  }))
  const presented = Buffer.alloc(room)
  return ({ name, secret }) => {
    if (name !== undefined || Buffer.byteLength(secret) > room - lengthBytes) return undefined
    fill(presented, secret)
    return known.reduce<Caller | undefined>(
      (found, token) => (timingSafeEqual(token.filled, presented) ? token.caller : found),
      undefined
    )
  }
}

/** Writes a token that fits, and zeros behind it. */
function fill(room: Buffer, token: string): Buffer {
  const length = room.write(token, lengthBytes)
  room.writeUInt32BE(length)
  return room.fill(0, lengthBytes + length)
}
