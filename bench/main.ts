import { measureBruteForce } from './brute-force.ts'
import { measureBulk } from './bulk.ts'
import { measurePacing } from './pacing.ts'
import { tableOf } from './table.ts'
import { measureWhole } from './whole.ts'

/** Sections that are run by their name only: they take minutes and have a Box of their own. */
const sections = {
  pacing: measurePacing,
  bulk: measureBulk,
  'brute-force': measureBruteForce
} as const

const position = process.argv.indexOf('--only')
const name = position < 0 ? undefined : process.argv[position + 1]
if (name === undefined) {
  console.log(tableOf(await measureWhole({ isQuick: process.argv.includes('--quick') })))
} else {
  const section = Object.entries(sections).find(([known]) => known === name)?.[1]
  if (section === undefined) {
    throw new TypeError(`--only takes one of ${Object.keys(sections).join(', ')}`)
  }
  const rows = await section()
  console.log(tableOf(rows))
  if (rows.some(({ verdict, isHard }) => isHard === true && verdict === 'missed'))
    process.exitCode = 1
}
