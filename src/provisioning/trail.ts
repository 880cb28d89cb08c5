import type { EpochMs } from '../lib/clock.ts'
import type { BoxOperation } from './operations.ts'
import type { AuditEntry, BoxCall, BoxCallRecord, Lane } from './ports.ts'
import type { RequestContext } from './requests.ts'

/** What one request decides and does, collected for its audit entry. */
export interface Trail {
  readonly context: RequestContext
  readonly operations: BoxOperation[]
  readonly calls: BoxCallRecord[]
  readonly notes: string[]
  /** What accompanies a call to Box that this request makes. */
  call(lane: Lane): BoxCall
  /** The audit entry. `outcome` is `done` or an error's code. */
  audit(target: string, outcome: string, at: EpochMs): AuditEntry
}

/** Begins the trail of one request; `action` is what was asked, e.g. `user.patch`. */
export function createTrail(action: string, context: RequestContext): Trail {
  const operations: BoxOperation[] = []
  const calls: BoxCallRecord[] = []
  const notes: string[] = []
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
    audit: (target, outcome, at) => ({
      at,
      correlationId: context.correlationId,
      actor: context.actor,
      action,
      target,
      plan: [...operations],
      calls: [...calls],
      outcome,
      notes: [...notes]
    })
  }
}
