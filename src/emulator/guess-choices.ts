import { defaultGuesses } from './guesses.ts'
import type { Guesses } from './guesses.ts'

/** The guesses that are one of several words. */
type Worded = { [Key in keyof Guesses]: Guesses[Key] extends string ? Key : never }[keyof Guesses]

/** Every word that can be chosen. */
const choices: { readonly [Key in Worded]: readonly Guesses[Key][] } = {
  unknownFields: ['ignored', 'refused'],
  unsetText: ['absent', 'null', 'empty'],
  unauthorizedBody: ['empty', 'error'],
  badGatewayBody: ['html', 'error'],
  badMarker: ['refused', 'first-page'],
  lastMarker: ['null', 'empty', 'absent'],
  userOrder: ['login', 'id'],
  groupOrder: ['name', 'id'],
  nullText: ['clears', 'refused', 'ignored'],
  unknownLocale: ['refused', 'ignored'],
  undefinedTrackingCode: ['refused', 'accepted'],
  createOutsideDomains: ['allowed', 'refused'],
  loginConflictContext: ['absent', 'errors'],
  sameLogin: ['harmless', 'refused'],
  noSeatLeft: ['forbidden', 'bad-request'],
  deleteWithContent: ['conflict', 'bad-request'],
  inactiveMemberships: ['kept', 'dropped'],
  foreignExternalAppUserId: ['forbidden', 'ignored'],
  transferWhileRunning: ['blocked', 'done'],
  transferOfNothing: ['folder', 'bad-request'],
  transferToNobody: ['not-found', 'bad-request'],
  transferFolderName: ['name', 'login-and-name'],
  repeatedInvite: ['conflict', 'existing', 'new'],
  inviteOfMember: ['conflict', 'bad-request'],
  inviteOfOtherEnterprise: ['forbidden', 'bad-request'],
  answeredInvite: ['named', 'gone'],
  grantErrorBody: ['oauth', 'error'],
  aliasOutsideDomains: ['bad-request', 'conflict', 'unconfirmed'],
  aliasTaken: ['conflict', 'bad-request'],
  clearedProvenance: ['cleared', 'kept'],
  repeatedMembership: ['conflict', 'existing'],
  unknownMember: ['not-found', 'bad-request']
}

/** The JSON Schema of every guess by its name. */
export const guessSchemas: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(defaultGuesses).map(([name, value]: readonly [string, Guesses[keyof Guesses]]) => [
    name,
    schemaOf(name, value)
  ])
)

function schemaOf(name: string, value: Guesses[keyof Guesses]): object {
  if (typeof value === 'boolean') return { type: 'boolean' }
  if (typeof value === 'number') return { type: 'integer', minimum: 0 }
  return { enum: choices[name as Worded] }
}
