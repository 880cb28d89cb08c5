import { parentPort, workerData } from 'node:worker_threads'
import type { CompiledQuery } from 'kysely'
import { openConnection } from '../dialect.ts'
import type { ScanAnswer, ScanRequest } from './messages.ts'

/** Runs the statements it is sent, one at a time, on a connection that only reads. */
const { path } = workerData as { readonly path: string }
const connection = openConnection(path, { readOnly: true })
parentPort?.on('message', (request: ScanRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(answerTo(request))
})

function answerTo(request: ScanRequest): ScanAnswer {
  try {
    return { rows: connection.run(request as CompiledQuery) }
  } catch (error) {
    return { error }
  }
}
