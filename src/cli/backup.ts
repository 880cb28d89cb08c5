import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count } from './words.ts'

/** Copies the directory into `file`, which must not exist, and tells what it has done. */
export function backup(io: CommandIo, file: string): Promise<number> {
  return runCommand(io, async () => {
    const made = await operatorOf(io).backUp(file)
    io.out(`${made.database} is backed up and checked: ${made.file}, ${count(made.bytes)} bytes`)
  })
}
