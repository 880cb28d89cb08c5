/** Box's language codes that differ from ISO 639-1. Source: Box developer guide, "Language codes". */
const regionalCodes: ReadonlyMap<string, string> = new Map([
  ['en-gb', 'gb'],
  ['en-ca', 'e2'],
  ['en-au', 'e3'],
  ['es-419', 's2'],
  ['fr-ca', 'f2'],
  ['zh-tw', 'zt'],
  ['zh-hk', 'zt'],
  ['zh-hant', 'zt']
])

const plainCodes: ReadonlySet<string> = new Set(
  'bn da de en es fi fr hi it ja ko nb nl pl pt ru sv tr zh'.split(' ')
)

/** ISO 639-1 codes whose language Box lists under another code. */
const aliases: ReadonlyMap<string, string> = new Map([['no', 'nb']])

/**
 * The Box language code for a language tag (RFC 5646) or an Accept-Language list, of which the first
 * entry counts; undefined where Box does not have the language.
 */
export function boxLanguage(tag: string): string | undefined {
  const first = tag.split(/[,;]/, 1)[0]?.trim().toLowerCase().replaceAll('_', '-') ?? ''
  const [language = '', ...rest] = first.split('-')
  const regional = rest.map((part) => regionalCodes.get(`${language}-${part}`)).find(Boolean)
  if (regional !== undefined) return regional
  const code = aliases.get(language) ?? language
  return plainCodes.has(code) ? code : undefined
}

/** Tells whether Box has a language of this code. */
export function isBoxLanguage(code: string): boolean {
  return plainCodes.has(code) || tagsByCode.has(code)
}

const tagsByCode: ReadonlyMap<string, string> = new Map([
  ['gb', 'en-GB'],
  ['e2', 'en-CA'],
  ['e3', 'en-AU'],
  ['s2', 'es-419'],
  ['f2', 'fr-CA'],
  ['zt', 'zh-TW']
])

/** The language tag that stands for a Box language code. */
export function languageTag(code: string): string {
  return tagsByCode.get(code) ?? code
}
