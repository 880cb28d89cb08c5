import { directory } from './0001-directory.ts'
import { visibleCounts } from './0002-visible-counts.ts'
import { heldRemovals } from './0003-held-removals.ts'
import { accessTokens } from './0004-access-tokens.ts'
import { membershipIndex } from './0005-membership-index.ts'
import { hints } from './0006-hints.ts'
import { journalCounts } from './0007-journal-counts.ts'
import { invites } from './0008-invites.ts'
import { externalIdRefused } from './0009-external-id-refused.ts'
import { dryRun } from './0010-dry-run.ts'
import { audit } from './0011-audit.ts'
import type { Migration } from './migration.ts'

/** Every migration in the order in which they run. Only ever appended to. */
export const allMigrations: readonly Migration[] = [
  directory,
  visibleCounts,
  heldRemovals,
  accessTokens,
  membershipIndex,
  hints,
  journalCounts,
  invites,
  externalIdRefused,
  dryRun,
  audit
]
