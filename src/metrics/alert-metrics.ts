import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'
import { alertKinds, type AlertKind } from '../provisioning/alerts.ts'

/** Counts alerts; each kind begins with 0, so that an increase is seen from the first one on. */
export function createAlertMetrics(register: Registry): (kind: AlertKind) => void {
  const alerts = new Counter({
    name: 'box_scim_alerts_total',
    help: 'Alerts raised, by kind, whether or not there is a webhook.',
    labelNames: ['kind'],
    registers: [register]
  })
  for (const kind of alertKinds) alerts.inc({ kind }, 0)
  return (kind) => alerts.inc({ kind })
}
