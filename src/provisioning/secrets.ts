import type { Random } from '../lib/random.ts'
import type { Directory } from './ports.ts'

/** Bytes of a secret. */
const secretBytes = 32

/** A secret that is made once and kept in the directory, so that what it signed survives a restart. */
export async function keepSecret(
  directory: Directory,
  random: Random,
  name: string
): Promise<string> {
  const key = `secret:${name}`
  return directory.transaction(async (tx) => {
    const kept = await tx.state.get(key)
    if (typeof kept === 'string') return kept
    const secret = random.secret(secretBytes)
    await tx.putState(key, secret)
    return secret
  })
}
