import type { Config, LeaverConfig } from './config.ts'
import { isLoopback } from './loopback.ts'

/** What is allowed and yet worth a look at every start; empty where there is nothing. */
export function warnings(config: Config): readonly string[] {
  return [
    ...(config.dryRun ? [nothingChanges] : []),
    ...accessWarnings(config),
    ...leaverWarnings(config.leavers),
    ...(config.onGroupDelete === 'delete' ? [groupsDeleted] : []),
    ...transportWarnings(config),
    ...(config.mode === 'box' ? boxWarnings(config.boxApiUrl, config.databaseUrl) : [])
  ]
}

const nothingChanges =
  'DRY_RUN=true: Box is only read. Identity providers are told that everything was done, and nothing is; box-scim plan shows what would have been.'

const groupsDeleted =
  'ON_GROUP_DELETE=delete: groups that are deleted in SCIM are deleted in Box, and everybody loses the folders shared with them. This cannot be undone.'

function accessWarnings({ onDeactivate, allowCoadmin }: Config): readonly string[] {
  return [
    ...(onDeactivate === 'inactive'
      ? []
      : [`ON_DEACTIVATE=${onDeactivate}: people who leave stay able to log in to Box.`]),
    ...(allowCoadmin
      ? ['ALLOW_COADMIN=true: the bridge can never deactivate or demote a co-admin it has made.']
      : [])
  ]
}

function leaverWarnings({ onDelete, force, graceMs }: LeaverConfig): readonly string[] {
  if (onDelete === 'deactivate') return []
  const when = graceMs === 0 ? 'at once' : 'after DELETE_AFTER_DAYS'
  return [
    `ON_DELETE=${onDelete}: people who are deleted in SCIM are deleted in Box ${when}. This cannot be undone.`,
    ...(force
      ? ['DELETE_FORCE=true: the content that deleted people own is destroyed with them.']
      : [])
  ]
}

function transportWarnings({ host, publicUrl }: Config): readonly string[] {
  const isPublicHttps = publicUrl?.startsWith('https:') === true
  return [
    ...(isLoopback(host) || isPublicHttps
      ? []
      : [
          `HOST=${host}: the bridge speaks plain HTTP and can be reached from other machines. Put HTTPS in front and set PUBLIC_URL to its https address.`
        ]),
    ...(publicUrl === undefined || isPublicHttps
      ? []
      : ['PUBLIC_URL is http: bearer tokens would travel in the clear. Put HTTPS in front.'])
  ]
}

function boxWarnings(boxApiUrl: string, databaseUrl: string): readonly string[] {
  const { protocol, hostname } = new URL(boxApiUrl)
  return [
    ...(protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''))
      ? []
      : ['BOX_API_URL is http: the Box client secret would travel in the clear.']),
    ...(databaseUrl === 'file::memory:'
      ? ['DATABASE_URL=file::memory: forgets shadow, tombstones, journal and audit when it stops.']
      : [])
  ]
}
