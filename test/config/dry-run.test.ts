import t from 'tap'
import { loadConfig, loadDatabaseUrl } from '../../src/config/load.ts'
import { warnings } from '../../src/config/warnings.ts'

const box = { BOX_CLIENT_ID: 'id', BOX_CLIENT_SECRET: 'secret', BOX_ENTERPRISE_ID: '7' }
const noFile = (): string => {
  throw new Error('there is no file')
}

const dryFile = () => JSON.stringify({ ...box, DRY_RUN: true })

t.test('a dry run has a database of its own by default', async (t) => {
  const config = loadConfig({ ...box, DRY_RUN: 'true' }, noFile)
  t.match(config, { dryRun: true, databaseUrl: 'file:data/dry-run.db' })
  t.match(warnings(config), [/^DRY_RUN=true: Box is only read\./])
  t.equal(loadDatabaseUrl({ ...box, DRY_RUN: 'true' }, noFile), 'file:data/dry-run.db')
  const named = { ...box, DRY_RUN: 'true', DATABASE_URL: 'file:other.db' }
  t.match(loadConfig(named, noFile), { databaseUrl: 'file:other.db' })
  const real = loadConfig({ ...box, DRY_RUN: 'false' }, noFile)
  t.match(real, { dryRun: false, databaseUrl: 'file:data/bridge.db' })
})

t.test('a dry run can be asked for in the configuration file', async (t) => {
  const config = loadConfig({ CONFIG_FILE: 'bridge.json' }, dryFile)
  t.match(config, { dryRun: true, databaseUrl: 'file:data/dry-run.db' })
})

t.test('the demo takes no dry run', async (t) => {
  t.throws(() => loadConfig({ DRY_RUN: 'true' }, noFile), {
    message: /DRY_RUN .*is of no use in the demo[^]*Set the BOX_ keys, or unset DRY_RUN\./
  })
})
