const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Shortens `text` to at most `limit` UTF-16 code units without cutting a visible character in two. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  let end = 0
  for (const { index, segment } of segmenter.segment(text)) {
    if (index + segment.length > limit) break
    end = index + segment.length
  }
  return text.slice(0, end).trimEnd()
}

/** Puts a text of several lines on one, its lines joined with `separator`. */
export function onOneLine(text: string, separator: string): string {
  return text
    .split(/[\r\n\u2028\u2029]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(separator)
}
