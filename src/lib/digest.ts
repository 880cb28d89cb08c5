import { hash } from 'node:crypto'

/** The SHA-256 of a text, in hexadecimal: how secrets are kept that must only be recognised. */
export function digest(text: string): string {
  return hash('sha256', text, 'hex')
}
