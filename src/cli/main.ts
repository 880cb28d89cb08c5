import { createProgram } from './program.ts'

const io = { env: process.env, out: console.log, err: console.error }

await createProgram(io, (code) => {
  process.exitCode = code
}).parseAsync()
