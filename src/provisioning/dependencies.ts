import type { Clock } from '../lib/clock.ts'
import type { KeyedLock } from '../lib/keyed-lock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Alerts } from './alerts.ts'
import type { Admit } from './fuse.ts'
import type { AdmitDeactivation } from './held.ts'
import type { RunJournaled } from './journaled.ts'
import type { Mirror } from './plan/user-plan.ts'
import type { BoxPort } from './box-port.ts'
import type { Directory } from './ports.ts'
import type { ProvisioningSettings } from './settings.ts'
import type { Signals } from './signals.ts'

/** What the use cases work with. */
export interface Dependencies {
  readonly directory: Directory
  readonly box: BoxPort
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ProvisioningSettings
  readonly mirror: Mirror
  /** One lock per subject, shared by requests and the journal worker. */
  readonly locks: KeyedLock
  readonly runJournaled: RunJournaled
  /** The ids of the journal entries that requests of this process are working; for `drive`. */
  readonly inWork: Set<number>
  readonly signals: Signals
  readonly admit: Admit
  readonly admitDeactivation: AdmitDeactivation
  readonly alerts: Alerts
  /** Throws `importing` until the first import is done. */
  readonly assertImported: () => void
}
