import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { start } from './start.ts'
import type { Process } from './start.ts'

/** A bridge as it is shipped, in a process of its own. */
export interface Bridge extends Process {
  /** The SCIM base URL. */
  readonly baseUrl: string
  /** Waits for a line of the log with this message. */
  logged(message: string): Promise<void>
}

/** The token that every bridge of the bench takes. */
export const token = 'a-token-for-the-bench-only'

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Starts `serve` on a directory, with its log at info beside it, and waits until it listens. */
export async function startBridge(
  databasePath: string,
  boxUrl: string,
  env: Readonly<Record<string, string>> = {}
): Promise<Bridge> {
  const output = `${databasePath}.log`
  const bridge = start(fileOf('../../src/cli/main.ts'), {
    args: ['serve'],
    preload: [new URL('watch.ts', import.meta.url).href],
    output,
    env: {
      HOST: '127.0.0.1',
      PORT: '0',
      SCIM_TOKEN: token,
      DATABASE_URL: `file:${databasePath}`,
      BOX_API_URL: boxUrl,
      BOX_CLIENT_ID: demoCredentials.clientId,
      BOX_CLIENT_SECRET: demoCredentials.clientSecret,
      BOX_ENTERPRISE_ID: demoCredentials.enterpriseId,
      BOX_CALLS_PER_MINUTE: '10000',
      // Counted, and never reached: one token stands for everybody here.
      CALLER_RATE_PER_SECOND: '1000000',
      FUSE_MEMBERS: 'off',
      REQUEST_BUDGET_SECONDS: '5',
      LOG_LEVEL: 'info',
      ...env
    }
  })
  const [, baseUrl = ''] = await printed(output, /SCIM base URL: (\S+)/)
  return {
    ...bridge,
    baseUrl,
    async logged(message) {
      await printed(output, new RegExp(`"msg":"${message}"`))
    }
  }
}

async function printed(output: string, pattern: RegExp): Promise<RegExpExecArray> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const found = pattern.exec(await readFile(output, 'utf8'))
    if (found !== null) return found
    await wait(100)
  }
  throw new Error(`The bridge did not print ${pattern.source}; see ${output}`)
}
