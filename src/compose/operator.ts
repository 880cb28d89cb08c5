import { pino } from 'pino'
import { systemClock, type Clock } from '../lib/clock.ts'
import { systemRandom, type Random } from '../lib/random.ts'
import { acceptDisappearance, type Accepted } from '../provisioning/drift/disappearance.ts'
import {
  actOnHeld,
  reportFuses,
  type FuseAction,
  type FuseReport,
  type FuseVerb
} from '../provisioning/fuse-desk.ts'
import { forgetInvite, listInvites, type ShownInvite } from '../provisioning/invite-desk.ts'
import type { Invite } from '../provisioning/invites.ts'
import type { Directory } from '../provisioning/ports.ts'
import {
  makeToken,
  revokeToken,
  showTokens,
  type ShownToken,
  type TokenRequest
} from '../provisioning/tokens.ts'
import { backUpDirectory, type DirectoryBackup } from '../store/backup.ts'
import { createDirectoryIfMissing, openDirectoryBeside } from '../store/open-beside.ts'
import { readStatus, type DirectoryStatus } from '../store/status.ts'

/** What an operator does with a directory on the database itself, also while a bridge runs on it. */
export interface Operator {
  /** Copies the directory into a new file. Rejects where it cannot, and leaves no file then. */
  backUp(file: string): Promise<DirectoryBackup>
  /** Reads how the directory is. Rejects where it cannot be read. */
  status(): Promise<DirectoryStatus>
  /** Tells what the fuses hold. */
  fuses(): Promise<FuseReport>
  /** Releases or discards what they hold; see {@link actOnHeld}. */
  actOnHeld(verb: FuseVerb, names: readonly string[]): Promise<FuseAction>
  /** The invites that are neither accepted nor forgotten, oldest first. */
  invites(): Promise<readonly ShownInvite[]>
  /** Forgets the invite of a login; see {@link forgetInvite}. */
  forgetInvite(login: string): Promise<Invite>
  /** Accepts that what a guard stopped is really gone from Box; see {@link acceptDisappearance}. */
  acceptDisappearance(): Promise<Accepted>
  /** Makes a token and resolves to it; where there is no directory yet, it is made too. */
  makeToken(request: TokenRequest): Promise<string>
  /** All tokens, oldest first. */
  listTokens(): Promise<readonly ShownToken[]>
  /** Ends a token; a running bridge knows within a second or two. */
  revokeToken(name: string): Promise<void>
}

/** The operator's side of the directory at `databaseUrl`; nothing is opened until it is asked. */
export function createOperator(
  databaseUrl: string,
  {
    clock = systemClock,
    random = systemRandom
  }: { readonly clock?: Clock; readonly random?: Random } = {}
): Operator {
  const beside = async <Result>(work: (directory: Directory) => Promise<Result>) => {
    const directory = await openDirectoryBeside(databaseUrl)
    try {
      return await work(directory)
    } finally {
      await directory.close()
    }
  }
  return {
    backUp: (file) => backUpDirectory(databaseUrl, file),
    status: () => readStatus(databaseUrl, clock.now()),
    fuses: () => beside((directory) => reportFuses(directory)),
    actOnHeld: (verb, names) =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return actOnHeld(directory, verb, names, at)
      }),
    invites: () => beside((directory) => listInvites(directory)),
    forgetInvite: (login) =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return forgetInvite(directory, login, at)
      }),
    acceptDisappearance: () =>
      beside((directory) => {
        const at = { now: clock.now(), correlationId: random.uuid() }
        return acceptDisappearance(directory, at)
      }),
    async makeToken(request) {
      await createDirectoryIfMissing(databaseUrl, { clock, log: pino({ enabled: false }) })
      return beside((directory) => makeToken({ directory, clock, random }, request))
    },
    listTokens: () => beside((directory) => showTokens(directory, clock.now())),
    revokeToken: (name) => beside((directory) => revokeToken({ directory, clock, random }, name))
  }
}
