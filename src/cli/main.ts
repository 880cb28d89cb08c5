import { readFileSync } from 'node:fs'
import { createProgram } from './program.ts'

const standardInput = 0
const read = () => readFileSync(standardInput, 'utf8')
const unread = new AbortController()
process.stdout.once('error', () => unread.abort())
const io = {
  env: process.env,
  out: console.log,
  err: console.error,
  read,
  unread: unread.signal
}

await createProgram(io, (code) => {
  process.exitCode = code
}).parseAsync()
