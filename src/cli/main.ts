import { Command } from 'commander'
import { serve } from './serve.ts'

const program = new Command('box-scim').description('The SCIM 2.0 server for Box.')

program
  .command('serve', { isDefault: true })
  .description('start the bridge; with no BOX_* key set it runs the demo')
  .action(async () => {
    process.exitCode = await serve({ env: process.env, out: console.log, err: console.error })
  })

await program.parseAsync()
