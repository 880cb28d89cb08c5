import { readFileSync, realpathSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { memoryUrl, pathOf } from './open.ts'

/** Storage that is gone with the container or with the machine's memory. */
export interface VolatileStorage {
  /** The folder of the database. */
  readonly folder: string
  readonly mountPoint: string
  /** The kind of file system, e.g. `overlay`. */
  readonly kind: string
}

/** Layers of a container, which a new container begins without, and memory. */
const volatileKinds = new Set(['overlay', 'aufs', 'fuse.fuse-overlayfs', 'tmpfs', 'ramfs'])

/** One mount, as far as it matters. */
interface Mount {
  readonly mountPoint: string
  readonly kind: string
}

/**
 * Tells where a database file that will be lost stands; undefined where it lasts as far as is known:
 * only Linux says. A directory in memory is meant to be lost.
 */
export function volatileStorage(databaseUrl: string): VolatileStorage | undefined {
  if (databaseUrl === memoryUrl || process.platform !== 'linux') return undefined
  const folder = dirname(realpathSync(pathOf(databaseUrl)))
  const found = volatileMount(readFileSync('/proc/self/mountinfo', 'utf8'), folder)
  return found === undefined ? undefined : { folder, ...found }
}

/**
 * The mount that holds `folder`, where it is of a kind that does not last. `mountinfo`: the text of
 * `/proc/self/mountinfo` (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
 */
export function volatileMount(mountinfo: string, folder: string): Mount | undefined {
  const holding = mountinfo
    .split('\n')
    .flatMap(mountIn)
    .filter(({ mountPoint }) => isWithin(folder, mountPoint))
  // Of two mounts at one place the later one counts.
  const nearest = holding.reduce<Mount | undefined>(
    (best, mount) =>
      best === undefined || mount.mountPoint.length >= best.mountPoint.length ? mount : best,
    undefined
  )
  return nearest !== undefined && volatileKinds.has(nearest.kind) ? nearest : undefined
}

/** Fields: id, parent, device, root, mount point, options, any others, `-`, kind, source, options. */
function mountIn(line: string): readonly Mount[] {
  const fields = line.split(' ')
  const mountPoint = fields[4]
  const kind = fields[fields.indexOf('-', 6) + 1]
  if (mountPoint === undefined || kind === undefined || !fields.includes('-', 6)) return []
  return [{ mountPoint: unescaped(mountPoint), kind }]
}

/** Blanks and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8))
  )
}

function isWithin(folder: string, mountPoint: string): boolean {
  const base = mountPoint.endsWith(sep) ? mountPoint : mountPoint + sep
  return folder === mountPoint || folder.startsWith(base)
}
