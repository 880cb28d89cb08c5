/** What the use cases tell whoever watches them; nobody waits for an answer. */
export interface Signals {
  /** A membership that a client was told will be done has left the journal. */
  membershipSettled(): void
  /** Box refused a membership that a client was told will be done. */
  membershipRefused(): void
}
