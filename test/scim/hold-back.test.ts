import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createHoldBack, holdLimits } from '../../src/scim/access/hold-back.ts'

t.test('answers are held back for a time, and only so many of them', async (t) => {
  const sleepers: (() => void)[] = []
  const clock = {
    now: () => 0,
    sleep: (duration: number) => {
      t.equal(duration, holdLimits.holdMs)
      return new Promise<void>((resolve) => sleepers.push(resolve))
    }
  }
  const holdBack = createHoldBack(clock)
  let refused = 0
  const refuse = () => {
    holdBack(new Error('refused')).catch(() => (refused += 1))
  }
  for (let n = 0; n < holdLimits.answers; n += 1) refuse()
  await turn()
  t.equal(refused, 0)
  t.equal(sleepers.length, holdLimits.answers)
  refuse()
  await turn()
  t.equal(refused, 1, 'there is no room for another one')
  for (const wake of sleepers.splice(0)) wake()
  await turn()
  t.equal(refused, holdLimits.answers + 1)
  refuse()
  await turn()
  t.equal(sleepers.length, 1, 'there is room again')
})
