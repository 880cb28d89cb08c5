import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'

const memory = '/dev/shm'

t.test(
  'a start warns where the database is in memory',
  { skip: process.platform !== 'linux' || !existsSync(memory) },
  async (t) => {
    const folder = mkdtempSync(join(memory, 'bridge-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const lines: Record<string, unknown>[] = []
    const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>)
    const bridge = await startBridge(t, {
      env: { DATABASE_URL: `file:${join(folder, 'bridge.db')}` },
      dependencies: { logger: pino({ level: 'warn' }, { write }) }
    })
    t.ok(bridge)
    t.match(
      lines.filter(({ kind }) => kind === 'tmpfs'),
      [{ level: 40, folder, msg: /will not survive/ }]
    )
  }
)
