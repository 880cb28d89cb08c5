import { createMappingTool } from '../compose/mapping-tool.ts'
import { loadMappingConfig } from '../config/load.ts'
import { readText, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'

/** Prints the whole mapping that is in force with a mapping file. */
export function showMapping(io: CommandIo, file: string | undefined): Promise<number> {
  return runCommand(io, async () => {
    const { mapping } = createMappingTool(loadMappingConfig(io.env, readText, file))
    io.out(JSON.stringify(mapping, null, 2))
  })
}

/** Prints what Box would get of the SCIM resource that is piped in; fails where it would be refused. */
export function testMapping(io: CommandIo, file: string): Promise<number> {
  return runCommand(io, async () => {
    const tool = createMappingTool(loadMappingConfig(io.env, readText, file))
    const { fields, notes, refused } = tool.preview(parse(io.read()))
    if (refused !== undefined) throw new Error(`The bridge would refuse it: ${refused}`)
    io.out(JSON.stringify({ fields, notes }, null, 2))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('What is piped in is no JSON: give the body of a POST to /Users or /Groups.')
  }
}
