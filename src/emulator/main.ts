import closeWithGrace from 'close-with-grace'
import { createEmulator } from './emulator.ts'
import type { EmulatorOptions } from './emulator.ts'
import { demoSeed, emptySeed } from './seed.ts'

/** The environment's part in starting the emulator alone. */
interface Settings {
  readonly port: number
  readonly host: string
  readonly options: EmulatorOptions
}

const log = {
  info: (fields: object, message: string) => console.log(message, fields),
  warn: (fields: object, message: string) => console.warn(message, fields),
  error: (fields: object, message: string) => console.error(message, fields),
  debug: () => undefined
}

const { settings, problems } = readSettings(process.env)
if (problems.length > 0) {
  for (const problem of problems) console.error(problem)
  process.exitCode = 1
} else await start(settings)

async function start({ port, host, options }: Settings): Promise<void> {
  const emulator = createEmulator({ ...options, log })
  const url = await emulator.listen({ port, host })
  const control = options.control ? `controls at ${url}/_control/` : 'no controls'
  console.log(`Box emulator at ${url} (${control})`)
  closeWithGrace({ delay: 2000 }, () => emulator.close())
}

/** Reads what may be set; every wrong value is one problem. */
function readSettings(env: NodeJS.ProcessEnv): { settings: Settings; problems: string[] } {
  const problems: string[] = []
  const read = <Value>(name: string, values: { fallback: string; parse: Parse<Value> }): Value => {
    const given = env[name] ?? values.fallback
    const parsed = values.parse(given)
    if ('problem' in parsed) problems.push(`${name}: ${parsed.problem}, not '${given}'`)
    return parsed.value
  }
  const settings = {
    port: read('PORT', { fallback: '8081', parse: wholeNumber(0, 65_535) }),
    host: env['HOST'] ?? '127.0.0.1',
    options: {
      seed: read('EMULATOR_SEED', {
        fallback: 'demo',
        parse: oneOf({ demo: demoSeed, empty: emptySeed })
      }),
      callsPerMinute: read('EMULATOR_CALLS_PER_MINUTE', {
        fallback: '1000',
        parse: wholeNumber(1, Number.MAX_SAFE_INTEGER)
      }),
      control: read('EMULATOR_CONTROL', { fallback: 'on', parse: oneOf({ on: true, off: false }) })
    }
  }
  return { settings, problems }
}

type Parse<Value> = (given: string) => { readonly value: Value; readonly problem?: string }

function wholeNumber(min: number, max: number): Parse<number> {
  return (given) => {
    const value = Number(given)
    const isFine = /^\d+$/.test(given) && value >= min && value <= max
    return isFine ? { value } : { value, problem: `a whole number from ${min} to ${max}` }
  }
}

function oneOf<Value>(values: Readonly<Record<string, Value>>): Parse<Value> {
  const known = new Map(Object.entries(values))
  return (given) => {
    const value = known.get(given)
    if (value !== undefined) return { value }
    const [first] = known.values()
    return { value: first as Value, problem: `one of ${[...known.keys()].join(', ')}` }
  }
}
