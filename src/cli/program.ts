import { Command } from 'commander'
import { backup } from './backup.ts'
import type { CommandIo } from './command.ts'
import { auditErase, auditExport } from './audit.ts'
import type { ExportOptions } from './audit.ts'
import { doctor } from './doctor.ts'
import { explainStory } from './explain.ts'
import { showMapping, testMapping } from './mapping.ts'
import { fuseAct, fuseList } from './fuse.ts'
import { inviteForget, inviteList } from './invite.ts'
import { plan } from './plan.ts'
import { preview, type PreviewCommandOptions } from './preview.ts'
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

  program
    .command('plan')
    .description('show what a dry run would have done in Box')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => exit(await plan(io, options)))

  program
    .command('preview')
    .description('show what would become of the people whom an identity provider will send')
    .argument('<file>', 'a CSV file of them: login, external id, name')
    .option('--login <column>', 'the heading of the column that holds userName')
    .option('--external-id <column>', 'the heading of the column that holds externalId')
    .option('--json', 'print JSON')
    .action(async (file: string, options: PreviewCommandOptions) =>
      exit(await preview(io, file, options))
    )

  program
    .command('explain')
    .description('tell what happened to a person, a group or a request, and what is still to come')
    .argument(
      '<what>',
      'a login, userName or externalId, the name of a group, a Box id, user:ID or group:ID, or a correlation id'
    )
    .option('--json', 'print JSON')
    .action(async (what: string, options: { readonly json?: boolean }) =>
      exit(await explainStory(io, what, options))
    )

  addAudit(program, io, exit)

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

function addAudit(program: Command, io: CommandIo, exit: (code: number) => void): void {
  const audit = program.command('audit').description('export the audit, or erase a person from it')

  audit
    .command('export')
    .description('print the audit as JSON lines, oldest first, also while the bridge runs')
    .option('--since <time>', 'only entries of this time or later, e.g. 2026-11-01T00:00:00Z')
    .option('--until <time>', 'only entries before this time')
    .option('--after <id>', 'only entries behind this one, e.g. the last of an earlier export')
    .option('--follow', 'wait for further entries, until it is ended')
    .action(async (options: ExportOptions) => exit(await auditExport(io, options)))

  audit
    .command('erase')
    .description('take the data of a person who has left out of audit and journal')
    .argument('<person>', 'a login or Box id')
    .action(async (person: string) => exit(await auditErase(io, person)))
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
