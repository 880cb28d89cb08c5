import { isMainThread } from 'node:worker_threads'
import { watchEventLoop } from './event-loop.ts'
import { serveMessages } from './messages.ts'

/** Loaded before the bridge's own program, which stays as it is shipped. */
if (isMainThread) {
  serveMessages(watchEventLoop())
  process.channel?.unref()
}
