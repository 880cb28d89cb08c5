import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count } from './words.ts'

/** Accepts what a guard has stopped, and tells what that was. */
export function reconcileAccept(io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const { alarm, leaving } = await operatorOf(io).acceptDisappearance()
    if (alarm !== undefined) {
      const { missing, of, kind } = alarm
      io.out(`Accepted: ${count(missing)} of ${count(of)} ${kind} are missing in Box.`)
      io.out('Everything is compared with Box again within a minute, or once the bridge runs.')
    }
    io.out(
      `Up to ${count(leaving.users)} people and ${count(leaving.groups)} groups leave the directory, each after Box itself says that it is gone.`
    )
    io.out('box-scim status shows how far it is.')
  })
}
