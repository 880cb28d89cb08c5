import { existsSync, rmSync } from 'node:fs'
import { memoryUrl, openDirectory, pathOf, type OpenDirectoryOptions } from './open.ts'

/**
 * Removes a directory for good. It is opened first, so that a file which is not ours, belongs to
 * another enterprise or is in use stays where it is.
 *
 * @throws DirectoryOpenError as {@link openDirectory} does.
 */
export async function discardDirectory(options: OpenDirectoryOptions): Promise<void> {
  if (options.url === memoryUrl) return
  const path = pathOf(options.url)
  if (!existsSync(path)) return
  const directory = await openDirectory(options)
  await directory.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}
