import type { EpochMs } from '../lib/clock.ts'
import type { BoxOperation } from './operations.ts'
import type { BoxCall, BoxCallRecord, Lane } from './box-port.ts'
import type { AuditEntry } from './ports.ts'
import type { RequestContext } from './requests.ts'

/** The name under which the bridge's own work stands in the audit. */
export const bridgeActor = 'bridge'

/** The name under which commands stand in the audit. */
export const operatorActor = 'operator'

/** What one request decides and does, collected for its audit entry. */
export interface Trail {
  readonly context: RequestContext
  readonly operations: BoxOperation[]
  readonly calls: BoxCallRecord[]
  readonly notes: string[]
  /** What accompanies a call to Box that this request makes. */
  call(lane: Lane): BoxCall
  /** The audit entry, about to be written. `outcome` is `done` or an error's code. */
  audit(target: string, outcome: string, at: EpochMs): AuditEntry
  /** True once an audit entry was made. */
  isAudited(): boolean
}

/** Begins the trail of one request; `action` is what was asked, e.g. `user.patch`. */
export function createTrail(action: string, context: RequestContext): Trail {
  const operations: BoxOperation[] = []
  const calls: BoxCallRecord[] = []
  const notes: string[] = []
  let isAudited = false
  return {
    context,
    operations,
    calls,
    notes,
    call: (lane) => ({
      lane,
      deadline: context.deadline,
      record: (call) => {
        calls.push(call)
      }
    }),
    audit(target, outcome, at) {
      isAudited = true
      const { correlationId, actor } = context
      const done = { plan: [...operations], calls: [...calls], notes: [...notes] }
      return { at, correlationId, actor, action, target, outcome, ...done }
    },
    isAudited: () => isAudited
  }
}

/** The same trail for work that nobody waits for: only removals go before the background lane. */
export function inBackground(trail: Trail): Trail {
  return { ...trail, call: (lane) => trail.call(lane === 'removal' ? lane : 'background') }
}
