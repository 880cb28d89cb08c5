import type { DriftClass, DriftKind } from './drift/drift.ts'

/** What the use cases tell whoever watches them; nobody waits for an answer. */
export interface Signals {
  /** A membership that a client was told will be done has left the journal. */
  membershipSettled(): void
  /** Box refused a membership that a client was told will be done. */
  membershipRefused(): void
  /** Something was changed in Box that the bridge did not change. */
  driftFound(kind: DriftKind): void
  /** Such a change was taken back, or its taking back was journaled. */
  driftRestored(kind: DriftClass): void
}

/** For where nobody watches. */
export const noSignals: Signals = {
  membershipSettled() {},
  membershipRefused() {},
  driftFound() {},
  driftRestored() {}
}
