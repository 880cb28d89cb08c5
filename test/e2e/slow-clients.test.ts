import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const http = { receiveTimeoutMs: 300, silenceMs: 300, connections: 8, maxHeaderBytes: 8_192 }

t.test('slow clients are cut off, too many are not let in, others are served', async (t) => {
  const bridge = await startBridge(t, { dependencies: { http } })
  const { emulator, token } = bridge
  const scim = scimClient(bridge)
  const port = Number(new URL(bridge.url).port)
  const sockets: Socket[] = []
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  const open = () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    sockets.push(socket)
    return socket
  }
  /** Begins a request and goes on with a few bytes at a time; resolves to what came back. */
  const drip = (begin: string, more = '') => {
    const socket = open()
    if (begin !== '') socket.write(begin)
    const timer = setInterval(() => socket.write(more), 50)
    socket.once('close', () => clearInterval(timer))
    return text(socket).catch(() => '')
  }
  const head =
    'POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Type: application/scim+json\r\n' +
    `Authorization: Bearer ${token}\r\n`
  const slow = {
    'sends nothing': drip(''),
    'sends its headers slowly': drip('GET /scim/v2/Users HTTP/1.1\r\n', 'X-A: b\r\n'),
    'stops within its headers': drip(head),
    'sends its body slowly': drip(`${head}Content-Length: 5000\r\n\r\n{`, ' '),
    'sends its chunks slowly': drip(`${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    'has no token, and sends its body slowly': drip(
      'POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{',
      ' '
    )
  }
  t.equal((await scim.post('/Users', person('ann@example.com'))).status, 201, 'others are served')
  for (const [what, answered] of Object.entries(slow)) {
    const answer = await answered
    t.match(answer, /^(HTTP\/1\.1 (408|401) |$)/, `a client that ${what}`)
    if (answer.startsWith('HTTP/1.1 408')) t.match(answer, /"status":"408"/, what)
  }
  t.strictSame(
    Object.keys(emulator.state().users).filter((login) => login.startsWith('ann')),
    ['ann@example.com']
  )

  const long = open()
  long.write(`GET /scim/v2/Users?filter=${'x'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  t.match(await text(long), /^HTTP\/1\.1 431 [^]*8192 bytes/)

  const many = Array.from({ length: 20 }, open)
  await until('those beyond the bound are dropped', () => {
    return many.filter(({ closed }) => closed).length >= many.length - http.connections
  })
  for (const socket of many) socket.destroy()
  await until('there is room again', () =>
    scim.get('/Users').then(
      ({ status }) => status === 200,
      () => false
    )
  )
})
