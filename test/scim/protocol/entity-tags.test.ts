import { test } from 'tap'
import { isKnown, parseIfMatch } from '../../../src/scim/protocol/entity-tags.ts'

void test('RFC 7644 §3.14: If-Match names versions, weak or strong, or any', async (t) => {
  t.equal(parseIfMatch(undefined), undefined)
  t.equal(parseIfMatch(' * '), undefined)
  t.strictSame(parseIfMatch('W/"7"'), [7])
  t.strictSame(parseIfMatch('"7"'), [7])
  t.strictSame(parseIfMatch('W/"7", "12" ,W/"1"'), [7, 12, 1])
})

void test('RFC 9110 §13.1.1: what names no version of this server allows none', async (t) => {
  for (const header of [
    '',
    '7',
    'W/7',
    '"x"',
    '""',
    'W/"07"',
    '"1',
    `"${'9'.repeat(40)}"`,
    '"-1"'
  ]) {
    t.strictSame(parseIfMatch(header), [], header)
  }
})

void test('RFC 9110 §13.1.2: If-None-Match compares weakly', async (t) => {
  for (const header of ['W/"7"', '"7"', '"1", W/"7"', '*']) t.ok(isKnown(header, 7), header)
  for (const header of [undefined, '', '7', 'W/"8"', '"70"'])
    t.notOk(isKnown(header, 7), String(header))
})
