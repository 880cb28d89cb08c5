import type { Logger } from 'pino'
import { createBoxClient, type BoxClient, type BoxClientOptions } from '../box/client.ts'
import type { Config } from '../config/config.ts'
import { createEmulator, type Emulator } from '../emulator/emulator.ts'
import { demoCredentials, demoSeed } from '../emulator/seed.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Observation } from './observation.ts'

/** The Box that the bridge works against, and how it is left. */
export interface BoxSide {
  readonly host: string
  readonly enterpriseId: string
  readonly client: BoxClient
  readonly emulatorUrl: string | undefined
  close(): Promise<void>
}

/** Where the demo's Box is, as far as its database is concerned. */
export const demoIdentity = {
  host: 'demo.invalid',
  enterpriseId: demoCredentials.enterpriseId
} as const

/** Connects to Box; in the demo, to an emulator inside this process. */
export async function connectBox(
  config: Config,
  parts: {
    readonly clock: Clock
    readonly random: Random
    readonly log: Logger
    readonly onCall: Observation['onCall']
    readonly onTrouble: NonNullable<BoxClientOptions['onTrouble']>
  }
): Promise<BoxSide> {
  const emulator: Emulator | undefined =
    config.mode === 'demo'
      ? createEmulator({ seed: demoSeed, control: true, clock: parts.clock, log: parts.log })
      : undefined
  const emulatorUrl = await emulator?.listen()
  const target =
    config.mode === 'box'
      ? { apiUrl: config.boxApiUrl, credentials: config.boxCredentials }
      : {
          apiUrl: emulatorUrl ?? '',
          credentials: { kind: 'client-credentials', ...demoCredentials } as const
        }
  const client = createBoxClient({
    ...parts,
    ...target,
    callsPerMinute: config.boxCallsPerMinute,
    readOnly: config.dryRun
  })
  return {
    host: config.mode === 'box' ? new URL(config.boxApiUrl).host : demoIdentity.host,
    enterpriseId: (config.mode === 'box' ? config.boxCredentials : demoCredentials).enterpriseId,
    client,
    emulatorUrl,
    async close() {
      await client.close()
      await emulator?.close()
    }
  }
}
