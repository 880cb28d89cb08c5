import type { FuseConfig } from './config.ts'

const hourMs = 3_600_000
const longestMs = 31 * 24 * hourMs

const number = '(\\d{1,9})'
const percent = '(\\d{1,3}(?:\\.\\d{1,6})?)%'
const pattern = new RegExp(`^(?:${number}(?: or ${percent})?|${percent})/(\\d{1,5})(h|m)$`)

/** The value that switches a fuse off. */
export const fuseOff = 'off'

/** Reads `N/24h`, `P%/24h` or `N or P%/24h`, with `h` or `m`; undefined where the text is none. */
export function parseFuse(text: string): FuseConfig | undefined {
  const [, most = '0', share, shareAlone, length, unit] = pattern.exec(text.trim()) ?? []
  const percent = Number(share ?? shareAlone ?? 0)
  const windowMs = Number(length) * (unit === 'h' ? hourMs : hourMs / 60)
  const isWindow = windowMs > 0 && windowMs <= longestMs
  return isWindow && percent <= 100 ? { most: Number(most), percent, windowMs } : undefined
}
