import type { AuditRecord } from '../audit.ts'
import type { DirectoryReads } from '../ports.ts'

/** How many entries are read at a time. */
const pageSize = 1_000

/** All entries of the audit that hold one of the texts and are wanted, oldest first. */
export async function allEntries(
  { history }: Pick<DirectoryReads, 'history'>,
  mentions: readonly string[],
  isWanted: (entry: AuditRecord) => boolean
): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = []
  let afterId = 0
  let page: readonly AuditRecord[]
  do {
    page = await history.list({ afterId, limit: pageSize, mentions })
    found.push(...page.filter(isWanted))
    afterId = page.at(-1)?.id ?? afterId
  } while (page.length === pageSize)
  return found
}
