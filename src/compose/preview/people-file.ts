import { CsvError, parse } from 'csv-parse/sync'
import { fold } from '../../lib/text.ts'

/** Somebody in a file of people. What the file does not say is ''. */
export interface FilePerson {
  /** Where it stands in the file, from 1. */
  readonly line: number
  readonly login: string
  readonly externalId: string
  readonly name: string
  readonly givenName: string
  readonly familyName: string
  /** An e-mail address besides the login. */
  readonly email: string
}

/** What a file of people says, and the headings under which it does. */
export interface PeopleFile {
  readonly people: readonly FilePerson[]
  /** By what is read from them; null where there is no such column. */
  readonly columns: Readonly<Record<Field, string | null>>
}

/** The headings to take instead of those that are known. */
export interface ColumnChoice {
  readonly login?: string
  readonly externalId?: string
}

/** What is read from a file. */
type Field = Exclude<keyof FilePerson, 'line'>

/**
 * Headings as they are compared, by what they stand for, the most telling one first: those of this
 * command, of SCIM, and of what Microsoft Entra ID and Okta export.
 */
const headings = {
  login: listOf(`login username userlogin oktausername profilelogin boxlogin userprincipalname upn
    primaryemail email emailaddress useremail profileemail mail`),
  externalId: listOf('externalid objectid oktauserid oktaid userid id'),
  name: listOf('displayname name fullname userfullname profiledisplayname'),
  givenName: listOf('givenname firstname profilefirstname'),
  familyName: listOf('familyname surname lastname profilelastname'),
  email: listOf('mail email emailaddress primaryemail useremail profileemail')
} satisfies Readonly<Record<Field, readonly string[]>>

function listOf(words: string): readonly string[] {
  return words.split(/\s+/)
}

/** What some programs write before the headings: Excel, PowerShell, and the templates of Entra ID. */
const preamble = /^(sep=.|#TYPE |version:)/i

/**
 * Reads a file of people: CSV (RFC 4180) with a row of headings, separated by commas, semicolons or
 * tabs, in UTF-8 or UTF-16, with or without a byte order mark.
 *
 * @throws Error that says what is wrong with the file
 */
export function readPeopleFile(bytes: Uint8Array, choice: ColumnChoice = {}): PeopleFile {
  // Lines are counted rightly only where each ends with one character.
  const text = decode(bytes).replaceAll(/\r\n?/g, '\n')
  const skipped = preamble.test(text) ? 1 : 0
  const rows = parseRows(text, skipped)
  const [head, ...body] = rows
  if (head === undefined) throw new Error('The file is empty: give it a row of headings.')
  const columns = columnsOf(head.cells, choice)
  const cellOf = (cells: readonly string[], field: Field) => {
    const at = columns[field]
    return at === undefined ? '' : (cells[at] ?? '').trim()
  }
  const people = body
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
    .map(({ line, cells }) => ({
      line,
      login: cellOf(cells, 'login'),
      externalId: cellOf(cells, 'externalId'),
      name: cellOf(cells, 'name'),
      givenName: cellOf(cells, 'givenName'),
      familyName: cellOf(cells, 'familyName'),
      email: columns.email === columns.login ? '' : cellOf(cells, 'email')
    }))
  const headingOf = (field: Field) => {
    const at = columns[field]
    return at === undefined ? null : (head.cells[at] ?? null)
  }
  return {
    people,
    columns: {
      login: headingOf('login'),
      externalId: headingOf('externalId'),
      name: headingOf('name'),
      givenName: headingOf('givenName'),
      familyName: headingOf('familyName'),
      email: headingOf('email')
    }
  }
}

function decode(bytes: Uint8Array): string {
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe
  try {
    return new TextDecoder(isWide ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('The file is not in UTF-8: save it as "CSV UTF-8".')
  }
}

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

interface ParsedRecord {
  readonly record: readonly string[]
  /** Where it ends. */
  readonly info: { readonly lines: number }
}

function parseRows(text: string, skipped: number): readonly Row[] {
  const first = text.split('\n')[skipped] ?? ''
  try {
    // The types of the package know no `info`.
    const records: unknown = parse(text, {
      delimiter: delimiterOf(first),
      fromLine: skipped + 1,
      info: true,
      relaxColumnCountLess: true,
      skipEmptyLines: true
    })
    return (records as readonly ParsedRecord[]).map(({ record, info }) => {
      return { line: info.lines, cells: record }
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Error(`The file is no CSV: ${error.message}.`, { cause: error })
  }
}

/** The separator that the headings have most of, outside quotation marks. */
function delimiterOf(first: string): string {
  const bare = first.replaceAll(/"[^"]*"/g, '')
  const count = (separator: string) => bare.split(separator).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

type Columns = Readonly<Partial<Record<Field, number>>>

function columnsOf(cells: readonly string[], choice: ColumnChoice): Columns {
  const known = cells.map(comparable)
  const find = (field: Field): number | undefined => {
    return headings[field].map((heading) => known.indexOf(heading)).find((index) => index >= 0)
  }
  const login = chosen(cells, choice.login) ?? find('login')
  const externalId = chosen(cells, choice.externalId) ?? find('externalId')
  if (login === undefined) {
    throw new Error(
      `No column of the file is known to hold logins; it has ${cells.join(', ')}. ` +
        'Call one login, or name one with --login.'
    )
  }
  return {
    login,
    ...defined('externalId', externalId),
    ...defined('name', find('name')),
    ...defined('givenName', find('givenName')),
    ...defined('familyName', find('familyName')),
    ...defined('email', find('email'))
  }
}

function defined(field: Field, at: number | undefined): Columns {
  return at === undefined ? {} : { [field]: at }
}

function chosen(cells: readonly string[], heading: string | undefined): number | undefined {
  if (heading === undefined) return undefined
  const at = cells.map(comparable).indexOf(comparable(heading))
  if (at >= 0) return at
  throw new Error(`The file has no column ${heading}; it has ${cells.join(', ')}.`)
}

/** Without letter case, spaces and signs; of `Name [displayName] Required` what is in brackets. */
function comparable(heading: string): string {
  const property = /\[([^\]]+)\]/.exec(heading)?.[1] ?? heading
  return fold(property).replaceAll(/[^a-z0-9]/g, '')
}
