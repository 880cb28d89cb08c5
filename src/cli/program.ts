import { Command } from 'commander'
import { backup } from './backup.ts'
import type { CommandIo } from './command.ts'
import { doctor } from './doctor.ts'
import { showMapping, testMapping } from './mapping.ts'
import { fuseAct, fuseList } from './fuse.ts'
import { inviteForget, inviteList } from './invite.ts'
import { reconcileAccept } from './reconcile.ts'
import { serve } from './serve.ts'
import { status } from './status.ts'
import { createToken, listTokens, revokeToken } from './token.ts'
import type { TokenOptions } from './token.ts'

/** The command line; docs/cli.md documents it. `exit` is told the exit code of the command that ran. */
export function createProgram(io: CommandIo, exit: (code: number) => void): Command {
  const program = new Command('box-scim').description('The SCIM 2.0 server for Box.')

  program
    .command('serve', { isDefault: true })
    .description('start the bridge; with no BOX_* key set it runs the demo')
    .action(async () => exit(await serve(io)))

  program
    .command('backup')
    .description('copy the directory into a new file, also while the bridge runs')
    .argument('<file>', 'the file to write; it must not exist')
    .action(async (file: string) => exit(await backup(io, file)))

  program
    .command('status')
    .description('show how the directory, the journal, the fuses and the audit are')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await status(io, options)))

  program
    .command('doctor')
    .description('examine configuration, database, Box, PUBLIC_URL and tokens; change nothing')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await doctor(io, options)))

  const mapping = program
    .command('mapping')
    .description('show and try which SCIM attribute feeds which Box field')

  mapping
    .command('show')
    .description('print the whole mapping: what the file leaves out is the default')
    .argument('[file]', 'a mapping file; default MAPPING_FILE, else the default mapping')
    .action(async (file: string | undefined) => exit(await showMapping(io, file)))

  mapping
    .command('test')
    .description('print what Box would get of the SCIM resource on standard input')
    .argument('<file>', 'the mapping file to try')
    .action(async (file: string) => exit(await testMapping(io, file)))

  addFuse(program, io, exit)
  addInvites(program, io, exit)
  addReconcile(program, io, exit)
  addTokens(program, io, exit)
  return program
}

function addFuse(program: Command, io: CommandIo, exit: (code: number) => void): void {
  const fuse = program
    .command('fuse')
    .description('show, release or discard the removals that a fuse holds')
  const names = 'login or Box id of a person, or name or Box id of a group; none: everything'

  fuse
    .command('list')
    .description('show what the fuses hold')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await fuseList(io, options)))

  fuse
    .command('release')
    .description('have held removals carried out')
    .argument('[login...]', names)
    .action(async (logins: readonly string[]) => exit(await fuseAct(io, 'release', logins)))

  fuse
    .command('discard')
    .description('drop held removals')
    .argument('[login...]', names)
    .action(async (logins: readonly string[]) => exit(await fuseAct(io, 'discard', logins)))
}

function addInvites(program: Command, io: CommandIo, exit: (code: number) => void): void {
  const invite = program
    .command('invite')
    .description('show and forget the invites of people with Box accounts outside the enterprise')

  invite
    .command('list')
    .description('show the invites that are neither accepted nor forgotten')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await inviteList(io, options)))

  invite
    .command('forget')
    .description('forget an invite, so that the next POST for the login sends another')
    .argument('<login>', 'the login that was invited')
    .action(async (login: string) => exit(await inviteForget(io, login)))
}

function addReconcile(program: Command, io: CommandIo, exit: (code: number) => void): void {
  program
    .command('reconcile')
    .description('act on what the comparison with Box has stopped')
    .command('accept')
    .description('accept that what a guard has stopped is really gone from Box')
    .action(async () => exit(await reconcileAccept(io)))
}

function addTokens(program: Command, io: CommandIo, exit: (code: number) => void): void {
  const token = program.command('token').description('make, list and revoke access tokens')

  token
    .command('create')
    .description('make an access token and print it: it is shown once')
    .argument('<name>', 'what logs and the audit call it')
    .option('--scopes <list>', 'what it may do, separated by commas', 'users,groups')
    .option('--network <cidr...>', 'where it may be used from; default anywhere', [])
    .option('--expires <when>', 'days such as 90d, a date, or never', '365d')
    .action(async (name: string, options: TokenOptions) =>
      exit(await createToken(io, name, options))
    )

  token
    .command('list')
    .description('show the access tokens, without what they are')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await listTokens(io, options)))

  token
    .command('revoke')
    .description('end an access token, also while the bridge runs')
    .argument('<name>', 'its name')
    .action(async (name: string) => exit(await revokeToken(io, name)))
}
