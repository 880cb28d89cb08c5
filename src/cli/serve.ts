import closeWithGrace from 'close-with-grace'
import { startServer, type Demo, type Server } from '../compose.ts'
import { loadConfig } from '../config/load.ts'
import { readText, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'

/** When the process ends whatever happens after a signal: the bridge gives itself 30 s. */
const closeMs = 35_000

/**
 * Starts the bridge and resolves to the exit code: 0 once it listens, 1 where it refuses to start. A
 * signal closes it gracefully; a second one ends the process at once.
 */
export function serve(io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const config = loadConfig(io.env, readText)
    const server = await startServer(config)
    closeWithGrace({ delay: closeMs, logger: { error: io.err } }, () => server.close())
    io.out(`SCIM base URL: ${server.url}/scim/v2`)
    if (server.demo !== undefined) await greet(server, server.demo, io.out)
  })
}

async function greet(server: Server, { token, emulatorUrl }: Demo, out: CommandIo['out']) {
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
