import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

/** The program, which runs nothing. */
export const program = createProgram({ env: {}, out() {}, err() {}, read: () => '' }, () => {})

/** A command with all of its words, e.g. `box-scim token list`. */
interface Worded {
  readonly path: string
  readonly command: Command
}

const all = [{ path: 'box-scim', command: program }, ...commandsBelow(program, 'box-scim')]

/** The commands that do something. */
export const leaves = all.filter(({ command }) => command.commands.length === 0)

function commandsBelow(parent: Command, words: string): readonly Worded[] {
  return parent.commands.flatMap((command) => {
    const path = `${words} ${command.name()}`
    return [{ path, command }, ...commandsBelow(command, path)]
  })
}

/** The commands and options that a page names and the program does not have. */
export function unknownCommands(page: string): readonly string[] {
  const named = [...page.matchAll(/`(?:npx )?(box-scim(?: [^`]*)?)`|^npx (box-scim .*)$/gm)]
  return named.map(([, inline, line]) => inline ?? line ?? '').filter((text) => !isKnown(text))
}

function isKnown(text: string): boolean {
  const found = all.findLast(({ path }) => `${text} `.startsWith(`${path} `))
  if (found === undefined) return false
  const { path, command } = found
  const words = text.slice(path.length).replace(/ #.*/, '').trim()
  const takesWords = command.commands.length === 0
  const options = words.match(/--[a-z-]+/g) ?? []
  const own = new Set<string | undefined>(command.options.map(({ long }) => long)).add('--help')
  return (
    (takesWords || words.replace('--help', '') === '' || words === 'COMMAND') &&
    options.every((option) => own.has(option))
  )
}
