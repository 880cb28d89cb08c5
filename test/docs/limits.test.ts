import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { maxWaitingCalls } from '../../src/box/pacing.ts'
import { httpLimits } from '../../src/scim/app.ts'
import { failureLimits } from '../../src/scim/access/failure-limit.ts'
import { holdLimits } from '../../src/scim/access/hold-back.ts'
import { callerLimits } from '../../src/scim/plugins/caller-limits.ts'
import { overloadLimits } from '../../src/scim/plugins/overload.ts'
import { maxBodyDepth } from '../../src/scim/plugins/bodies.ts'
import { maxAttributePathLength } from '../../src/scim/protocol/attribute-path.ts'
import { bulkLimits } from '../../src/scim/protocol/bulk-request.ts'
import { maxFilterLength } from '../../src/scim/protocol/filter-lexer.ts'
import { maxFilterDepth, maxFilterTerms } from '../../src/scim/protocol/filter-parser.ts'
import * as limits from '../../src/scim/protocol/limits.ts'
import { searchLimits } from '../../src/scim/protocol/list.ts'
import { serviceProviderConfig } from '../../src/scim/protocol/discovery.ts'
import { maxWaitingScans } from '../../src/store/scans/scans.ts'

const { pagination } = serviceProviderConfig('https://scim.example.com') as {
  readonly pagination: { readonly cursorTimeout: number }
}

const inCode: Readonly<Record<string, number>> = {
  'Body of a request': httpLimits.bodyBytes,
  'Body of `POST /Bulk`': bulkLimits.maxPayloadSize,
  'URL and headers together': httpLimits.headerBytes,
  'Time until the headers of a request have arrived': httpLimits.headersMs / 1_000,
  'Time until a request has arrived': httpLimits.receiveMs / 1_000,
  'Time in which a client takes nothing of its answer': httpLimits.silenceMs / 1_000,
  'Time in which a connection has no request': httpLimits.idleMs / 1_000,
  Connections: httpLimits.connections,
  'Requests of one token in a second, over ten seconds': callerLimits.requestsPerSecond,
  'Writes of one token at a time, removals aside': callerLimits.writes,
  'Wrong tokens of one address at once': failureLimits.burst,
  'Answers to wrong tokens that are held back': holdLimits.answers,
  'Writes at a time, removals aside': overloadLimits.writes,
  'Writes and removals at a time': overloadLimits.writesAndRemovals,
  'Bodies of all requests at a time': overloadLimits.heldBytes,
  'Lasting delay of the event loop, for writes': overloadLimits.writeDelayMs,
  'Lasting delay of the event loop, for removals and reads': overloadLimits.readDelayMs,
  'Calls waiting for Box, in each lane': maxWaitingCalls,
  'Searches waiting for the thread of their own': maxWaitingScans,
  'Nesting of a body': maxBodyDepth,
  "Nesting of an attribute's value": limits.maxDepth,
  'Whole numbers, either side of zero': Number.MAX_SAFE_INTEGER,
  'Operations of a PATCH': limits.maxOperations,
  'Attribute changes of a PATCH or resource, members aside': limits.maxAttributeChanges,
  'Values of a PATCH or resource, members aside': limits.maxValues,
  'Elements of an attribute, members aside': limits.maxElements,
  'Operations of a bulk request': bulkLimits.maxOperations,
  'Length of a filter, or of a path with one': maxFilterLength,
  'Comparisons in a filter': maxFilterTerms,
  'Nesting of a filter': maxFilterDepth,
  "Length of an attribute's name with its URN": maxAttributePathLength,
  'Resources on a page': searchLimits.maxCount,
  'Resources on a page where `count` is not given': searchLimits.defaultCount,
  'Age of a cursor': pagination.cursorTimeout
}

t.test('the defaults of the configuration are those of the server', async (t) => {
  const { callerLimits: configured } = loadConfig({}, () => '')
  t.strictSame(configured, callerLimits)
})

t.test('docs/limits.md has the limits of the program, and no other', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../docs/limits.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (.+?) +\| (\d+)/gm)]
  t.strictSame(Object.fromEntries(rows.map(([, what, number]) => [what, Number(number)])), inCode)
})
