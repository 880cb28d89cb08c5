import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Directory } from '../provisioning/ports.ts'
import { backUpDirectory } from './backup.ts'
import { openFileEngine } from './engine.ts'
import { memoryUrl, pathOf, setUp, type OpenDirectoryOptions } from './open.ts'

/**
 * Opens a directory to try things out on: a copy of the one at `url`, or an empty one where there is
 * none. It is gone when it is closed, and whatever becomes of it changes nothing else. Only this user
 * of the machine can read it meanwhile.
 *
 * @throws DirectoryOpenError Where the directory cannot be read or is somebody else's.
 */
export async function openScratchDirectory(options: OpenDirectoryOptions): Promise<Directory> {
  const folder = mkdtempSync(join(tmpdir(), 'box-scim-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const file = join(folder, 'scratch.db')
    const source = options.url === memoryUrl ? undefined : pathOf(options.url)
    if (source !== undefined && existsSync(source)) await backUpDirectory(options.url, file)
    const name = `The database ${source ?? file}`
    const opened = { engine: openFileEngine(file, { durable: false }), name, release: remove }
    return await setUp(opened, options)
  } catch (error) {
    remove()
    throw error
  }
}
