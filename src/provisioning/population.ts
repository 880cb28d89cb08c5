import type { BoxUser, UserKind } from './model.ts'

/** The account that the bridge acts as. */
export type OwnAccount = Pick<BoxUser, 'id' | 'login'>

/** Tells whether somebody in Box is of the kind that SCIM is about, and in the enterprise. */
export function isOfKind(
  { isPlatformAccessOnly, enterpriseName, status }: BoxUser,
  { userKind }: { readonly userKind: UserKind }
): boolean {
  // Of people outside the enterprise Box shows little more than name and login ("Get user").
  const isOutside = enterpriseName === '' && status === ''
  return !isOutside && isPlatformAccessOnly === (userKind === 'app')
}

/** Tells whether SCIM shows somebody whom Box lists: not the bridge itself, nor app users of others. */
export function isShownIn(
  user: BoxUser,
  own: OwnAccount,
  settings: { readonly userKind: UserKind }
): boolean {
  if (user.id === own.id || !isOfKind(user, settings)) return false
  return settings.userKind === 'managed' || isAppUserOf(user, own)
}

/**
 * App users and service accounts have addresses that Box makes up of the id of their application:
 * `AppUser_SERVICE_RANDOM@boxdevedition.com` (https://developer.box.com/platform/user-types/).
 */
const madeUp = /^(?:AppUser|AutomationUser)_([^_@]+)_[^@]*@boxdevedition\.com$/i

/** The id of the application that a login was made up for; undefined for a person's own login. */
export function applicationOf(login: string): string | undefined {
  return madeUp.exec(login)?.[1]
}

function isAppUserOf({ login }: BoxUser, own: OwnAccount): boolean {
  const application = applicationOf(own.login)
  return application !== undefined && applicationOf(login) === application
}
