import t from 'tap'
import { removalsAllowed } from '../../src/provisioning/fuse-limit.ts'

const limit = (most: number, percent: number) => ({ most, percent, windowMs: 1_000 })

t.test('the larger of the number and the share, rounded down', async (t) => {
  for (const [most, percent, base, expected] of [
    [20, 3, 100, 20],
    [20, 3, 1_000, 30],
    [20, 3, 1_033, 30],
    [20, 3, 1_034, 31],
    [0, 3, 33, 0],
    [0, 3, 34, 1],
    [0, 0, 1_000_000, 0],
    [7, 0, 1_000_000, 7],
    [0, 100, 41, 41],
    [0, 0.57, 10_000, 57]
  ] as const) {
    t.equal(
      removalsAllowed(limit(most, percent), base),
      expected,
      `${most} or ${percent}% of ${base}`
    )
  }
})
