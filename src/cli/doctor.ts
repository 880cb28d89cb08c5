import { examine, examineDatabaseOnly } from '../compose/doctor/doctor.ts'
import { fail, type Finding } from '../compose/doctor/finding.ts'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig, loadDatabaseUrl } from '../config/load.ts'
import { exitCodes, readText, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { harmless } from './words.ts'

/**
 * Prints what is well and what is not, with what to do about it; the exit code is 1 where something does
 * not work.
 */
export async function doctor(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  let hasFailed = false
  const code = await runCommand(io, async () => {
    const findings = await examineAll(io)
    hasFailed = findings.some(({ state }) => state === 'fail')
    if (options.json === true) io.out(JSON.stringify(findings, null, 2))
    else for (const line of findings.flatMap(describe)) io.out(line)
  })
  return hasFailed ? exitCodes.failed : code
}

/** A configuration that is of no use leaves the database to be looked at. */
async function examineAll({ env }: CommandIo): Promise<readonly Finding[]> {
  try {
    return await examine(loadConfig(env, readText))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const wrong = error.problems.map(({ key, given, reason, allowed, advice }) =>
      fail(
        'configuration',
        `${key}${given === undefined ? '' : ` (given: ${given})`} ${reason}`,
        `Allowed: ${allowed}. ${advice}`
      )
    )
    return [...wrong, ...(await databaseAlone(env))]
  }
}

async function databaseAlone(env: CommandIo['env']): Promise<readonly Finding[]> {
  try {
    return await examineDatabaseOnly(loadDatabaseUrl(env, readText))
  } catch {
    // Where it is, is among what is wrong with the configuration.
    return []
  }
}

function describe({ check, state, found, advice }: Finding): readonly string[] {
  const line = `${state.padEnd(5)} ${check}: ${harmless(found)}`
  return advice === null ? [line] : [line, `      ${harmless(advice)}`]
}
