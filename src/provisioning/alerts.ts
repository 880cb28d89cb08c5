/** Everything that a person must hear of at once: how the log says it, and how grave it is. */
export const alertCatalogue = {
  'fuse-open': {
    level: 'error',
    message:
      'the fuse is open: removals are held until somebody runs box-scim fuse release or discard'
  },
  'box-credentials-refused': {
    level: 'error',
    message: 'Box refuses the credentials or the rights of the bridge: run box-scim doctor'
  },
  'protected-leaver': {
    level: 'error',
    message: 'a protected account keeps its access to Box'
  },
  'protected-group': {
    level: 'error',
    message: 'members of a protected group keep their access'
  },
  'leaver-refused': {
    level: 'error',
    message:
      'what follows a deactivation or a DELETE cannot be done: it is tried again once a day, for a week; box-scim status lists it'
  },
  'membership-refused': {
    level: 'error',
    message: 'Box refused a membership that had been acknowledged'
  },
  'events-forbidden': {
    level: 'warn',
    message:
      'the app may not read the events of Box: changes made there are found by the reconcile only; give it the scope "Manage enterprise properties" and authorise it again'
  },
  'events-lost': {
    level: 'error',
    message: 'the events of Box have not been read for three intervals'
  },
  'token-expiring': {
    level: 'warn',
    message: 'an access token expires soon: make its successor'
  },
  'token-expired': { level: 'error', message: 'an access token has expired' },
  'import-failed': {
    level: 'error',
    message: 'the import of the Box enterprise failed: it begins again'
  },
  'reconcile-stopped': {
    level: 'error',
    message:
      'too much is missing in Box: the reconcile changes nothing; run box-scim doctor, and box-scim reconcile accept if it is really gone'
  },
  'deletions-stopped': {
    level: 'error',
    message:
      'too much has disappeared from Box in a day: it stays in the directory; run box-scim doctor, and box-scim reconcile accept if it is really gone'
  }
} as const satisfies Record<string, { readonly level: 'warn' | 'error'; readonly message: string }>

/** One of the reasons to alert somebody. */
export type AlertKind = keyof typeof alertCatalogue

/** Every kind of alert. */
export const alertKinds = Object.keys(alertCatalogue) as readonly AlertKind[]

/** What an alert tells besides its kind: ids, names of tokens, codes and numbers, nobody's data. */
export interface AlertFacts {
  /** What it is about, e.g. `user:123`: alerts of one kind and subject are sent once an hour. */
  readonly subject: string
  readonly [fact: string]: string | number
}

/** Whoever is told what a person must hear of. */
export interface Alerts {
  /** Never throws and never waits. `more` goes to the log only, and to nobody else. */
  raise(kind: AlertKind, facts: AlertFacts, more?: object): void
}
