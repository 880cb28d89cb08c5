import { readFileSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import { startServer, type Demo, type Server } from '../compose.ts'
import { loadConfig } from '../config/load.ts'

/** What the command is given. */
export interface ServeIo {
  readonly env: NodeJS.ProcessEnv
  /** Prints a line for a person. */
  readonly out: (line: string) => void
  /** Prints a line about a failure. */
  readonly err: (line: string) => void
}

/** How long running requests and calls to Box may take to end after a signal. */
const closeMs = 30_000

/**
 * Starts the bridge and resolves to the exit code: 0 once it listens, 1 where it refuses to start. A
 * signal closes it gracefully; a second one ends the process at once.
 */
export async function serve({ env, out, err }: ServeIo): Promise<number> {
  try {
    const config = loadConfig(env, (path) => readFileSync(path, 'utf8'))
    const server = await startServer(config)
    closeWithGrace({ delay: closeMs, logger: { error: err } }, () => server.close())
    out(`SCIM base URL: ${server.url}/scim/v2`)
    if (server.demo !== undefined) await greet(server, server.demo, out)
    return 0
  } catch (error) {
    err(error instanceof Error ? error.message : String(error))
    return 1
  }
}

async function greet(server: Server, { token, emulatorUrl }: Demo, out: ServeIo['out']) {
  await server.ready
  out(`
This is the demo: Box is an emulator inside this process and begins anew at each start.

Bearer token:  ${token}
Box's state:   ${emulatorUrl}/_control/state

Try it in another shell:

BASE=${server.url}/scim/v2 TOKEN=${token}
curl -s "$BASE/Users?count=5" -H "Authorization: Bearer $TOKEN"
ID=$(curl -s "$BASE/Users" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/scim+json" -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"robin.doe@example.com","displayName":"Robin Doe","active":true}' | sed -E 's/.*"id":"([0-9]+)".*/\\1/') && echo "created: $ID"
curl -s -X PATCH "$BASE/Users/$ID" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/scim+json" -d '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}'
`)
}
