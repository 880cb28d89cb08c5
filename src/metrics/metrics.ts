import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricObject } from 'prom-client'
import type { EpochMs } from '../lib/clock.ts'
import type { AlertKind } from '../provisioning/alerts.ts'
import type { Invite } from '../provisioning/invites.ts'
import type { OpenJournal } from '../provisioning/ports.ts'
import type { Signals } from '../provisioning/signals.ts'
import { createAlertMetrics } from './alert-metrics.ts'
import { createBoxGauges, createCallMetrics } from './box-metrics.ts'
import type { BoxState, EndedCall } from './box-metrics.ts'
import { createDriftGauges, createDriftMetrics } from './drift-metrics.ts'
import type { DriftState } from './drift-metrics.ts'
import { createFuseGauge } from './fuse-metrics.ts'
import type { FusesOpen } from './fuse-metrics.ts'
import { createJournalGauges, createMembershipMetrics } from './journal-metrics.ts'
import { createLimitMetrics, createLoadGauges, createShedMetrics } from './load-metrics.ts'
import type { LimitMet, LoadState, ShedReason } from './load-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'
import type { AnsweredRequest } from './request-metrics.ts'
import { createTokenGauge } from './token-metrics.ts'
import type { EndingToken } from './token-metrics.ts'

/** Whoever is asked when the metrics are read. */
export interface MetricSources {
  readonly box: () => BoxState
  readonly load: () => LoadState
  readonly journal: () => Promise<OpenJournal>
  readonly drift: () => Promise<DriftState>
  readonly fuses: () => Promise<FusesOpen>
  /** Those that are neither accepted nor forgotten. */
  readonly invites: () => Promise<readonly Invite[]>
  /** Seconds that `pending` acknowledged memberships will still take. */
  readonly secondsLeft: (pending: number) => number
  readonly isImported: () => boolean
  readonly endingTokens: () => readonly EndingToken[]
  readonly now: () => EpochMs
}

/** What the bridge tells about itself in Prometheus' text format. */
export interface Metrics {
  /** A request was answered. */
  readonly answered: (request: AnsweredRequest) => void
  /** A request was turned away because there is too much to do. */
  readonly shed: (reason: ShedReason) => void
  /** A request was turned away because its sender has asked too much. */
  readonly limited: (limit: LimitMet) => void
  /** A call to Box has ended. */
  readonly called: (call: EndedCall) => void
  readonly signals: Signals
  /** Somebody was alerted. */
  readonly alerted: (kind: AlertKind) => void
  /** Everything as of now. */
  read(sources: MetricSources): Promise<string>
  /** The media type of what {@link Metrics.read} returns. */
  readonly contentType: string
  /** What there is, for the documentation. */
  describe(): readonly MetricDescription[]
}

/** What a metric is. */
export interface MetricDescription {
  readonly name: string
  /** `counter`, `gauge` or `histogram`. */
  readonly type: string
  readonly labels: readonly string[]
}

/** Creates the metrics of one server, those of the process among them. */
export function createMetrics(): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const showBox = createBoxGauges(register)
  const showJournal = createJournalGauges(register)
  const showLoad = createLoadGauges(register)
  const showTokens = createTokenGauge(register)
  const showDrift = createDriftGauges(register)
  const showFuses = createFuseGauge(register)
  const imported = new Gauge({
    name: 'box_scim_imported',
    help: '1 once the first import of the Box enterprise is done, else 0.',
    registers: [register]
  })
  return {
    answered: createRequestMetrics(register),
    shed: createShedMetrics(register),
    limited: createLimitMetrics(register),
    called: createCallMetrics(register),
    signals: { ...createMembershipMetrics(register), ...createDriftMetrics(register) },
    alerted: createAlertMetrics(register),
    async read(sources) {
      const found = { open: await sources.journal(), invites: await sources.invites() }
      const drift = await sources.drift()
      const now = sources.now()
      showFuses(await sources.fuses())
      showBox(sources.box())
      showLoad(sources.load())
      showTokens(sources.endingTokens(), now)
      showDrift(drift, now)
      const secondsLeft = sources.secondsLeft(found.open.pendingMemberships)
      showJournal({ ...found, secondsLeft, now })
      imported.set(sources.isImported() ? 1 : 0)
      return register.metrics()
    },
    contentType: register.contentType,
    describe: () => register.getMetricsAsArray().map(descriptionOf)
  }
}

function descriptionOf(metric: MetricObject): MetricDescription {
  const type =
    metric instanceof Counter ? 'counter' : metric instanceof Histogram ? 'histogram' : 'gauge'
  return { name: metric.name, type, labels: labelsOf(metric) }
}

/** prom-client keeps them on each metric, and does not say so in its types. */
function labelsOf(metric: MetricObject): readonly string[] {
  return (metric as { readonly labelNames?: readonly string[] }).labelNames ?? []
}
