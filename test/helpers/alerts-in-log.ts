import { createAlertDesk } from '../../src/alerts/alerts.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/logger.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Alerts } from '../../src/provisioning/alerts.ts'

/** Alerts that stand in the log only. */
export function alertsInLog(log: Logger): Alerts {
  const parts = { webhook: undefined, clock: systemClock, random: systemRandom }
  return createAlertDesk({ ...parts, log, onRaised() {} })
}
