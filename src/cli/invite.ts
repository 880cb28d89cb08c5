import type { Operator } from '../compose/operator.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { harmless, moment } from './words.ts'

type Invite = Awaited<ReturnType<Operator['invites']>>[number]

/** Prints the invites that are neither accepted nor forgotten, for a person or as JSON. */
export function inviteList(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  return runCommand(io, async () => {
    const invites = await operatorOf(io).invites()
    if (options.json === true) io.out(JSON.stringify(invites, null, 2))
    else if (invites.length === 0) io.out('No invites.')
    else for (const invite of invites) io.out(harmless(lineOf(invite)))
  })
}

/** Forgets an invite, so that the next POST for the login sends another. */
export function inviteForget(io: CommandIo, login: string): Promise<number> {
  return runCommand(io, async () => {
    const { status } = await operatorOf(io).forgetInvite(login)
    io.out(harmless(`The invite of ${login}, which was ${status}, is forgotten.`))
    io.out(
      'Box is not told. The next POST for the login sends another invite, where Box allows it.'
    )
  })
}

function lineOf({ login, id, status, sentAt }: Invite): string {
  return `${login}: ${status}, sent ${moment(sentAt)}${id === null ? '' : `, invite ${id}`}`
}
