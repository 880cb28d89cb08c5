import type { UserRecord } from './model.ts'
import type { ProvisioningSettings } from './settings.ts'

/** What the log may say about a person: the login only where LOG_PERSONAL_DATA is true. */
export function personalData(
  { snapshot }: Pick<UserRecord, 'snapshot'>,
  { logsPersonalData }: Pick<ProvisioningSettings, 'logsPersonalData'>
): { readonly login?: string } {
  return logsPersonalData ? { login: snapshot.login } : {}
}
