import { fold } from '../lib/text.ts'
import type { BoxCall, BoxPort } from './box-port.ts'
import type { Dependencies } from './dependencies.ts'
import { textOf } from './mapping/document.ts'
import { loginOf } from './mapping/mapping.ts'
import type { BoxUser, BoxUserId, ScimDocument, UserRecord } from './model.ts'
import { externalIdSubject } from './operations.ts'
import {
  externalIdAmbiguous,
  externalIdMissing,
  externalIdTaken,
  loginMissing,
  loginOfAnother,
  twoAccounts
} from './refusals.ts'
import type { UserChange } from './requests.ts'
import type { ProvisioningSettings } from './settings.ts'
import { putSeen } from './user-seen.ts'
import type { Trail } from './trail.ts'

/** What a person is matched by, as ASSOCIATION says. */
export interface Handles {
  /** The Box login; app users have none that is theirs. */
  readonly login: string | undefined
  /** The externalId, where people are matched by it. */
  readonly externalId: string | undefined
}

/** Finds who a person is in Box. */
export interface UserAssociation {
  /**
   * The person who has the externalId, else the one who has the login; the directory is asked, and Box
   * where the directory may be behind. Throws where these are two, or the login is another's.
   */
  find(handles: Handles, trail: Trail): Promise<UserRecord | undefined>
  /** The same in Box, by the externalId: only those whom this application created. */
  findInBox(externalId: string, trail: Trail): Promise<UserRecord | undefined>
  /**
   * What to lock besides a person, and before, in this order, for a change that gives them another
   * userName or externalId, so that nobody else gets it meanwhile. Nothing for a change that takes access
   * away, which waits for nothing, nor where the login alone counts, which Box keeps unique.
   */
  locksFor(id: BoxUserId, change: UserChange): Promise<readonly string[]>
  /** Throws where somebody else has the externalId that a change gives this person. */
  assertFree(record: UserRecord, next: ScimDocument): Promise<void>
}

/**
 * Reads what a person is matched by. Throws where that is missing; who signs in and is known needs no
 * login.
 */
export function readHandles(
  { document, by }: { readonly document: ScimDocument; readonly by: 'scim' | 'connect' },
  { association, mapping, userKind }: ProvisioningSettings
): Handles {
  const login = loginOf(document, mapping)
  const isById = association === 'external_app_user_id'
  const externalId = isById ? textOf(document, 'externalId') : undefined
  if (userKind === 'app' && externalId === undefined) throw externalIdMissing()
  const mayLack = userKind === 'app' || (by === 'connect' && externalId !== undefined)
  if (login === undefined && !mayLack) throw loginMissing()
  return { login, externalId }
}

/** Tells whether a person is the one with this externalId. */
export function hasExternalId(
  record: UserRecord,
  { externalId }: Pick<Handles, 'externalId'>
): boolean {
  return externalId !== undefined && textOf(record.resource, 'externalId') === externalId
}

/**
 * What a change leaves of a person while people are matched by externalId: another one may take its
 * place, none may not, or the person would be nobody's any more.
 */
export function keepExternalId(
  record: UserRecord,
  next: ScimDocument,
  { association }: ProvisioningSettings
): ScimDocument {
  const externalId = textOf(record.resource, 'externalId')
  const isKept = association === 'login' || externalId === undefined
  return isKept || textOf(next, 'externalId') !== undefined ? next : { ...next, externalId }
}

/** The users of one kind with an externalId in Box; Box finds those whom this application created. */
export async function findCreated(
  box: BoxPort,
  externalId: string,
  { userKind }: Pick<ProvisioningSettings, 'userKind'>,
  call: BoxCall
): Promise<BoxUser | undefined> {
  const found = await box.findUsersByExternalId(externalId, call)
  const ofKind = found.filter((user) => user.isPlatformAccessOnly === (userKind === 'app'))
  const [user, ...others] = ofKind
  if (others.length > 0)
    throw externalIdAmbiguous(
      externalId,
      ofKind.map(({ id }) => id)
    )
  return user
}

/**
 * Throws where the login is that of somebody with another externalId. Somebody who left is another
 * matter: their address may be free by now.
 */
export function assertSamePerson(owner: UserRecord, { login, externalId }: Handles): void {
  const other = textOf(owner.resource, 'externalId')
  const isSame = externalId === undefined || other === undefined || other === externalId
  if (owner.tombstone || isSame) return
  if (login !== undefined && fold(owner.snapshot.login) === fold(login)) {
    throw loginOfAnother(login, owner.id)
  }
}

/** What is locked while somebody is given a userName; letter case does not matter. */
export function userNameLock(userName: string): string {
  return `username:${fold(userName)}`
}

/** What a change leaves of a person; why it cannot be applied is for the change itself to say. */
function unlessRefused(record: UserRecord, change: UserChange): ScimDocument | undefined {
  try {
    return change.apply({ resource: record.resource, shadow: record.shadow })
  } catch {
    return undefined
  }
}

/** Creates {@link UserAssociation}. */
export function createUserAssociation(dependencies: Dependencies): UserAssociation {
  const { box, clock, directory, mirror, settings } = dependencies

  return {
    async find(handles, trail) {
      const { login, externalId } = handles
      const byLogin = login === undefined ? undefined : await directory.users.findByAddress(login)
      if (externalId === undefined) return byLogin
      const byId = (await ownerOf(externalId)) ?? (await findIfBehind(externalId, trail))
      if (byId === undefined) {
        if (byLogin !== undefined) assertSamePerson(byLogin, handles)
        return byLogin
      }
      if (login === undefined || byLogin === undefined || byLogin.id === byId.id) return byId
      throw twoAccounts(externalId, { login, ownerId: byId.id, loginOwnerId: byLogin.id })
    },

    findInBox,

    async locksFor(id, change) {
      if (settings.association === 'login' || change.deactivates) return []
      const record = await directory.users.get(id)
      const next = record === undefined ? undefined : unlessRefused(record, change)
      const newText = (name: string) => {
        const text = textOf(next, name)
        return text === textOf(record?.resource, name) ? undefined : text
      }
      const userName = newText('userName')
      const externalId = newText('externalId')
      return [
        ...(userName === undefined ? [] : [userNameLock(userName)]),
        ...(externalId === undefined ? [] : [externalIdSubject(externalId)])
      ]
    },

    async assertFree(record, next) {
      const externalId = textOf(next, 'externalId')
      const isSame = externalId === textOf(record.resource, 'externalId')
      if (settings.association === 'login' || externalId === undefined || isSame) return
      const owners = await directory.users.findByExternalId(externalId)
      const other = owners.find(({ id }) => id !== record.id)
      if (other !== undefined) throw externalIdTaken(externalId, other)
    }
  }

  /** Whoever left counts only where nobody is there. */
  async function ownerOf(externalId: string): Promise<UserRecord | undefined> {
    const all = await directory.users.findByExternalId(externalId)
    const present = all.filter(({ tombstone }) => !tombstone)
    const [owner, ...others] = present.length > 0 ? present : all
    if (others.length > 0)
      throw externalIdAmbiguous(
        externalId,
        all.map(({ id }) => id)
      )
    return owner
  }

  async function findIfBehind(externalId: string, trail: Trail): Promise<UserRecord | undefined> {
    if (mirror.isCurrent()) return undefined
    // What became of an interrupted creation is for whoever settles it to find out.
    const open = await directory.journal.openFor(externalIdSubject(externalId))
    if (open.length > 0) return undefined
    const found = await findInBox(externalId, trail)
    return found !== undefined && hasExternalId(found, { externalId }) ? found : undefined
  }

  async function findInBox(externalId: string, trail: Trail): Promise<UserRecord | undefined> {
    const found = await findCreated(box, externalId, settings, trail.call('client'))
    if (found === undefined) return undefined
    return directory.transaction((tx) =>
      putSeen(tx, found, { createdByBridge: true, settings, trail, now: clock.now() })
    )
  }
}
