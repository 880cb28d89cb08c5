import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')

/** The modules that open connections, and whereto; the emulator only listens. */
const callers: ReadonlyMap<string, string> = new Map([
  ['src/box/transport.ts', 'the Box host'],
  ['src/scim/access/issuers.ts', 'the configured issuers'],
  ['src/alerts/post.ts', 'the alert webhook'],
  ['src/compose/doctor/public-url.ts', 'PUBLIC_URL, when the doctor is asked']
])

/** Whatever can open a connection. */
const signs: readonly RegExp[] = [
  /from '(?:node:)?(?:https?|http2|net|tls|dgram|dns|dns\/promises)'/,
  /from 'undici'/,
  /(?<![.\w])fetch\(/,
  /createRemoteJWKSet/,
  /new (?:WebSocket|EventSource|XMLHttpRequest)\b/,
  /(?:globalThis|global|globals)\.fetch/,
  /import\((?!')/
]

/** What looks like it and is not: the seam that keeps the SDK off the network, names without sockets. */
const harmless: readonly RegExp[] = [
  /^import type .*$/gm,
  /^import \{ (?:BlockList|isIP|STATUS_CODES|, )+ \} from .*$/gm,
  /^ +async fetch\(options\) \{$/gm
]

const read = (path: string) => readFileSync(join(root, path), 'utf8')

function opensConnections(path: string): boolean {
  const code = harmless.reduce((text, part) => text.replaceAll(part, ''), read(path))
  return signs.some((sign) => sign.test(code))
}

t.test('nothing but these modules opens connections', async (t) => {
  const files = globSync('src/**/*.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'))
  const product = files.filter((path) => !path.startsWith('src/emulator/'))
  t.ok(product.length > 200)
  t.strictSame(product.filter(opensConnections).toSorted(), [...callers.keys()].toSorted())
})

t.test('none of them follows a redirect', async (t) => {
  t.match(read('src/scim/access/issuers.ts'), "redirect: 'error'")
  for (const path of callers.keys())
    t.notMatch(read(path), /redirect: 'follow'|RedirectHandler|interceptors\.redirect/)
})
