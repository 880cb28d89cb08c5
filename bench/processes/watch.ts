import { watchEventLoop } from './event-loop.ts'
import { serveMessages } from './messages.ts'

/** Loaded before the bridge's own program, which stays as it is shipped. */
serveMessages(watchEventLoop())
process.channel?.unref()
