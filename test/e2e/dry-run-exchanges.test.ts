import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { exchangeFileNames, readExchangeFile, type ExchangeFile } from '../idp/exchange-file.ts'
import { replay } from '../idp/replay.ts'

/** Nobody counts what a dry run reads: the costs of a run are those of writes. */
function withoutCosts(file: ExchangeFile): ExchangeFile {
  return { ...file, exchanges: file.exchanges.map((exchange) => ({ ...exchange, boxCalls: 0 })) }
}

for (const name of exchangeFileNames()) {
  const file = withoutCosts(readExchangeFile(name))
  t.test(`${name}, in a dry run`, async (t) => {
    const bridge = await startBridge(t, {
      ...(file.seed === undefined ? {} : { seed: file.seed }),
      env: { ...file.env, DRY_RUN: 'true' }
    })
    const before = bridge.emulator.state()

    await replay(file, {
      ...bridge,
      boxCalls: () => 0,
      onExchange: (exchange, failures) => t.same(failures, [], exchange)
    })

    t.strictSame(bridge.emulator.state(), before, 'Box is as it was')
    const sent = new Set(
      bridge.emulator.calls
        .filter(({ path }) => path !== '/oauth2/token')
        .map(({ method }) => method)
    )
    t.strictSame([...sent], ['GET'], 'and got nothing but reads')
  })
}
