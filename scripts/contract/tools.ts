import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import type { BoxCall } from '../../src/provisioning/box-port.ts'

/** What accompanies a call. */
export const call = (): BoxCall => ({ lane: 'client', deadline: Date.now() + 20_000 })

/** The id of no user. */
export const nobody = '99999999999' as BoxUserId

/** The id of no group. */
export const nothing = '99999999998' as BoxGroupId

/** What is allowed to fail here: everything that the port's own errors describe. */
export async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof BoxRefusedError || error instanceof BoxUnavailableError)) throw error
  }
}

/** A thing that must be there for the drive to go on. */
export function there<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('The emulator does not hold what the drive needs')
  return thing
}
