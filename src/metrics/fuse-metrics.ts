import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { FuseName } from '../provisioning/fuse-limit.ts'

/** The fuses, by whether they are open. */
export type FusesOpen = Readonly<Record<FuseName, boolean>>

/** Shows whether the fuses are open. */
export function createFuseGauge(register: Registry): (fuses: FusesOpen) => void {
  const open = new Gauge({
    name: 'box_scim_fuse_open',
    help: '1 while the fuse is open and holds every removal, else 0.',
    labelNames: ['fuse'],
    registers: [register]
  })
  return (fuses) => {
    for (const [fuse, isOpen] of Object.entries(fuses)) open.set({ fuse }, isOpen ? 1 : 0)
  }
}
