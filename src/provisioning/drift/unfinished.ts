import type { Directory } from '../ports.ts'

/** A restoration that has begun: what it was made of is not in the directory any more. */
export type Unfinished = {
  /** The fields that were changed in Box. */
  readonly changed: readonly string[]
  /** Whether the person could use Box before; false for groups. */
  readonly wasActive: boolean
}

/**
 * Restorations that have begun and are neither done nor refused. Once an answer of Box is lost, the
 * directory takes over what Box shows, and nothing but this note says that it was to be otherwise; it
 * outlives the process. There are as many as Box was asked for at once when it got into trouble.
 */
export interface UnfinishedRestorations {
  of(subject: string): Promise<Unfinished | undefined>
  begin(subject: string, unfinished: Unfinished): Promise<void>
  end(subject: string): Promise<void>
  /** SCIM has decided who may use Box: that is not for a restoration any more. */
  leaveAccess(subject: string): Promise<void>
}

/** The named value that holds them, as pairs. */
const stateKey = 'restorations'

/** Keeps them in the directory. */
export function keepUnfinished(directory: Directory): UnfinishedRestorations {
  return {
    of,
    begin: (subject, unfinished) => change((notes) => void notes.set(subject, unfinished)),
    async end(subject) {
      if ((await of(subject)) !== undefined) await change((notes) => void notes.delete(subject))
    },
    async leaveAccess(subject) {
      const noted = await of(subject)
      if (noted?.wasActive !== true) return
      await change((notes) => void notes.set(subject, { ...noted, wasActive: false }))
    }
  }

  async function of(subject: string): Promise<Unfinished | undefined> {
    return mapOf(await directory.state.get(stateKey)).get(subject)
  }

  function change(apply: (notes: Map<string, Unfinished>) => void): Promise<void> {
    return directory.transaction(async (tx) => {
      const notes = mapOf(await tx.state.get(stateKey))
      apply(notes)
      await tx.putState(stateKey, [...notes])
    })
  }
}

function mapOf(kept: unknown): Map<string, Unfinished> {
  return new Map((kept ?? []) as readonly (readonly [string, Unfinished])[])
}
