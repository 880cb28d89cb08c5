import t from 'tap'
import { parseFuse } from '../../src/config/fuse.ts'

const hour = 3_600_000

t.test('a limit is a number, a share, or both, within a window', async (t) => {
  for (const [text, most, percent, windowMs] of [
    ['20 or 3%/24h', 20, 3, 24 * hour],
    ['500 or 20%/24h', 500, 20, 24 * hour],
    ['100/24h', 100, 0, 24 * hour],
    ['0/1h', 0, 0, hour],
    ['2.5%/90m', 0, 2.5, 1.5 * hour],
    ['100%/744h', 0, 100, 744 * hour],
    [' 1/1m ', 1, 0, 60_000]
  ] as const) {
    t.strictSame(parseFuse(text), { most, percent, windowMs }, text)
  }
})

t.test('anything else is none', async (t) => {
  for (const text of [
    '',
    'on',
    '20',
    '20/24',
    '-1/24h',
    '1.5/24h',
    '3%',
    '101%/24h',
    '20 and 3%/24h',
    '3% or 20/24h',
    '20 or 3/24h',
    '20/0h',
    '20/24d',
    '20/745h',
    '20/44641m',
    '20 / 24h',
    '1e3/24h',
    'off/24h'
  ]) {
    t.equal(parseFuse(text), undefined, text)
  }
})
