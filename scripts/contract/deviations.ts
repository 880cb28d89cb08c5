import type { Exchange, Violation } from './openapi.ts'

/** A violation that is meant, because Box itself does not keep to its description there. */
export interface Deviation {
  readonly name: string
  readonly justification: string
  applies(exchange: Exchange, violation: Violation): boolean
}

/** All deviations that are meant; everything else is a violation. */
export const deviations: readonly Deviation[] = [
  {
    name: 'is_confirmed when an alias is added',
    justification:
      'Not in every edition of the description; the user guide of box-node-sdk 3 documents it for ' +
      'admins, and without it the address cannot become the login.',
    applies: ({ path }, { side, text }) =>
      side === 'request' && path.endsWith('/email_aliases') && text.includes('"is_confirmed"')
  },
  {
    name: '200 when a member is added who is one already',
    justification: 'Not described; connectors to Box are known to meet 200 as well as 409 here.',
    applies: ({ path, status }, { text }) =>
      path === '/2.0/group_memberships' && status === 200 && text === 'status 200 is not described'
  },
  {
    name: 'configurable_permissions of a new membership',
    justification:
      "Described for requests only; Box's answers, as its SDKs' fixtures recorded them, show it.",
    applies: ({ path }, { side, text }) =>
      side === 'answer' &&
      path.startsWith('/2.0/group_memberships') &&
      text.includes('"configurable_permissions"')
  },
  {
    name: 'a token error in the shape of the API',
    justification: "Recorded in a fixture of Box's Java SDK for an assertion that came too late.",
    applies: ({ path, status, answer }, { side }) =>
      side === 'answer' &&
      path === '/oauth2/token' &&
      status === 400 &&
      answer.body.includes('"code":"invalid_grant"')
  },
  {
    name: "a gateway's HTML page",
    justification: 'A 502 comes from something in front of Box, which knows no JSON.',
    applies: ({ status, answer }, { side }) =>
      side === 'answer' && status === 502 && answer.contentType === 'text/html'
  },
  {
    name: '401 without a body',
    justification:
      'A refused token is described by the header WWW-Authenticate (RFC 6750), not by a body.',
    applies: ({ status, answer }, { side }) =>
      side === 'answer' && status === 401 && answer.body === ''
  },
  {
    name: 'notification_email: []',
    justification: 'How Box shows an address that is not set: box/box-openapi issue 103.',
    applies: ({ answer }, { side, text }) =>
      side === 'answer' &&
      text.includes('/notification_email') &&
      answer.body.includes('"notification_email":[]')
  },
  {
    name: 'a phone number as a number',
    justification: "Recorded in the fixtures of Box's Java SDK, where it once broke a client.",
    applies: (_exchange, { side, text }) => side === 'answer' && /\/phone must be string/.test(text)
  }
]
