import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { AuditRecord } from './audit.ts'

/**
 * An entry as a SIEM gets it; `docs/audit-entry.schema.json` describes it. Names of fields never change:
 * new ones may be added. `dryRun`: whether it is the audit of a dry run.
 */
export function exportedEntry(record: AuditRecord, dryRun: boolean): JsonObject {
  const { id, at, correlationId, actor, action, target, asked, plan, calls, outcome, notes } =
    record
  return {
    id,
    time: new Date(at).toISOString(),
    correlationId,
    actor,
    via: asked?.via ?? '',
    source: asked?.source ?? '',
    action,
    target,
    outcome,
    request:
      asked === undefined
        ? null
        : {
            method: asked.method,
            route: asked.route,
            attributes: asked.attributes,
            values: asked.values,
            count: asked.requests
          },
    plan: plan as unknown as JsonValue,
    calls: calls as unknown as JsonValue,
    notes,
    dryRun
  }
}
