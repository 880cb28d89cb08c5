import type { AttributeRef, Query } from '../../provisioning/query.ts'

function printAttribute({ path }: AttributeRef): string {
  const [first = '', ...rest] = path
  const names = rest.join('.')
  return /^urn:/i.test(first) && names !== '' ? `${first}:${names}` : path.join('.')
}

function printTerm(term: Query): string {
  return 'terms' in term ? `(${printFilter(term)})` : printFilter(term)
}

/** Writes a query as a filter (RFC 7644 §3.4.2.2), which reads back as the same query. */
export function printFilter(query: Query): string {
  if ('terms' in query) return query.terms.map(printTerm).join(` ${query.kind} `)
  if (query.kind === 'not') return `not (${printFilter(query.term)})`

  const name = printAttribute(query.attribute)
  if (query.kind === 'present') return `${name} pr`
  if (query.kind === 'element') return `${name}[${printFilter(query.where)}]`
  return `${name} ${query.operator} ${JSON.stringify(query.value)}`
}
