import { isJsonObject } from '../lib/json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import { badRequest, invalidParameter, missingParameter } from './refusal.ts'
import type { RefusalDetail } from './refusal.ts'

/** How a text may look. */
export interface TextRule {
  /** In characters, as JSON Schema counts `maxLength`. */
  readonly max: number
  /** What `null` means; default refused. */
  readonly null?: 'clears' | 'refused' | 'ignored'
  /** Whether `""` is accepted; default yes. */
  readonly mayBeEmpty?: boolean
}

/** Reads the keys of a request body and collects what is wrong with them, to refuse all at once. */
export class BodyReader {
  readonly #body: JsonObject
  readonly #problems: RefusalDetail[] = []

  /** Throws 400 when `body` is not a JSON object; no body at all counts as an empty one. */
  constructor(body: unknown) {
    if (body !== undefined && !isJsonObject(body)) {
      throw badRequest(invalidParameter('entity-body', body))
    }
    this.#body = body ?? {}
  }

  /** The value as it was sent; undefined when it was not. */
  raw(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#body, name) ? this.#body[name] : undefined
  }

  /** Notes that `name` is needed. */
  require(name: string): void {
    if (this.raw(name) === undefined) this.#problems.push(missingParameter(name))
  }

  /** Notes that the value of `name` is not accepted; returns undefined. */
  refuse(name: string): undefined {
    this.#problems.push(invalidParameter(name, this.raw(name)))
    return undefined
  }

  /** A text within the rule. */
  text(name: string, rule: TextRule): string | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (value === null && rule.null === 'ignored') return undefined
    if (value === null && rule.null === 'clears') return ''
    if (typeof value !== 'string' || Array.from(value).length > rule.max) return this.refuse(name)
    return value.trim() === '' && rule.mayBeEmpty === false ? this.refuse(name) : value
  }

  /** An e-mail address. */
  email(name: string): string | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return isEmail(value) ? value : this.refuse(name)
  }

  /** True or false. */
  flag(name: string): boolean | undefined {
    const value = this.raw(name)
    return value === undefined || typeof value === 'boolean' ? value : this.refuse(name)
  }

  /** One of the listed texts. */
  oneOf<Option extends string>(name: string, options: readonly Option[]): Option | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return options.find((option) => option === value) ?? this.refuse(name)
  }

  /** Throws 400 `bad_request` with every problem that was noted. */
  finish(): void {
    if (this.#problems.length > 0) throw badRequest(...this.#problems)
  }
}

/** Tells whether `value` looks like an e-mail address. */
export function isEmail(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(value)
}

/** The entries of `changes` that were sent. */
export function onlySent<Changes extends object>(changes: {
  readonly [Key in keyof Changes]: Changes[Key] | undefined
}): Partial<Changes> {
  const sent = Object.entries(changes).filter(([, value]) => value !== undefined)
  return Object.fromEntries(sent) as Partial<Changes>
}
