import t, { type Test } from 'tap'
import { readPeopleFile } from '../../src/compose/preview/people-file.ts'
import { previewPeople, type Preview } from '../../src/compose/preview/preview.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { BoxUser, BoxUserId } from '../../src/provisioning/model.ts'
import type { UserChanges } from '../../src/provisioning/records.ts'
import type { ProvisioningSettings } from '../../src/provisioning/settings.ts'
import { openDirectory } from '../../src/store/open.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'
import { boxUser, defaultSettings, userRecord } from '../provisioning/fixtures.ts'

/** Somebody in the directory, with the login NAME@example.com. */
function known(id: number, name: string, changes: UserChanges = {}, fields: Partial<BoxUser> = {}) {
  const login = `${name}@example.com`
  const snapshot = boxUser({ id: String(id) as BoxUserId, login, name, ...fields })
  return { ...changes, snapshot }
}

const linked = (userName: string, externalId: string) => ({
  linked: true,
  shadow: { userName: `${userName}@example.com`, externalId }
})
const left = { status: 'inactive' }

const directoryOf = [
  known(11, 'jane', linked('jane', 'J1')),
  known(12, 'kim'),
  known(13, 'lea', { ...linked('lea', 'L1'), tombstone: true, deactivatedByBridge: true }, left),
  known(14, 'max', { aliases: ['maxi@example.com'] }),
  known(15, 'ada', {}, { role: 'admin' }),
  known(16, 'olga', linked('olga', 'O1')),
  known(17, 'pia'),
  known(18, 'rob', { ...linked('rob', 'R1'), tombstone: true, deactivatedByBridge: true }, left),
  known(19, 'zoe'),
  known(20, 'ann', linked('ann', 'A1'))
]

async function previewOf(
  t: Test,
  csv: string,
  settings: Partial<ProvisioningSettings> = {}
): Promise<Preview> {
  const { log } = createMemoryLog()
  const identity = { boxHost: 'box.example.com', enterpriseId: '1' }
  const options = { url: 'file::memory:', identity, clock: systemClock, log }
  const directory = await openDirectory(options)
  t.teardown(() => directory.close())
  await directory.transaction(async (tx) => {
    for (const changes of directoryOf) await tx.putUser(userRecord(changes))
    const login = 'invited@example.com'
    await tx.putInvite({ login, id: '77', status: 'pending', sentAt: 0, correlationId: 'c' })
  })
  const { people } = readPeopleFile(Buffer.from(csv))
  return previewPeople(people, {
    directory,
    settings: { ...defaultSettings, ...settings },
    clock: systemClock,
    log
  })
}

const verdicts = ({ people }: Preview) =>
  people.map(({ line, outcome, userId, code, reason }) => [line, outcome, userId, code, reason])

t.test('what becomes of everybody', async (t) => {
  const found = await previewOf(
    t,
    `login,externalId,name
jane@example.com,J1,jane
KIM@example.com,K1,Kim Novak
lea@example.com,L2,lea
rob@example.com,R1,rob
maxi@example.com,M1,maxi
ada@example.com,,Another Name
pia@example.com,,Another Name
new@example.com,N1,New
NEW@example.com,N9,New again
new2@example.com,N1,New too
new3@example.com,O1,Not Olga
nobody,,Nobody
,,Unnamed
ann@example.com,A2,ann
`,
    { protectedLogins: new Set(['pia@example.com']) }
  )
  t.strictSame(verdicts(found), [
    [2, 'unchanged', '11', null, null],
    [3, 'linked', '12', null, null],
    [
      4,
      'conflict',
      '13',
      'login_held_by_leaver',
      'Box still holds lea@example.com for user 13, who left, and the externalId differs: the files of a leaver are not handed to a namesake. Change the login of that user in the Box Admin Console, or delete the user there, and provision again.'
    ],
    [5, 'restored', '18', null, null],
    [
      6,
      'conflict',
      null,
      'login_taken',
      'maxi@example.com belongs to user 14 already: match that user instead of creating another.'
    ],
    [
      7,
      'conflict',
      '15',
      'protected',
      'User 15 is an admin or co-admin in Box, whom the bridge cannot change. Change the person in the Box Admin Console, or take them out of the scope of provisioning.'
    ],
    [
      8,
      'conflict',
      '17',
      'protected',
      'User 17 is named in PROTECTED_LOGINS, so that provisioning never changes the person: change the person in the Box Admin Console, take the login off the list, or take the person out of the scope of provisioning.'
    ],
    [9, 'created', null, null, null],
    [10, 'conflict', null, 'duplicate', 'It is the same Box user as on line 9.'],
    [11, 'conflict', null, 'duplicate', 'Line 9 has the same external id.'],
    [
      12,
      'conflict',
      null,
      'external_id_taken',
      'The external id belongs to user 16 (olga@example.com) already: one of the two is the wrong person, or the login has changed.'
    ],
    [
      13,
      'conflict',
      null,
      'login_missing',
      'Box needs an e-mail address as login: send one as userName or as primary or work e-mail, or set LOGIN_DOMAIN.'
    ],
    [14, 'conflict', null, 'invalid_value', found.people.at(-2)?.reason],
    [15, 'unchanged', '20', null, 'The external id is A1 so far.']
  ])
  t.match(found.people.at(-2)?.reason, /userName/)
  t.strictSame(
    found.people.flatMap(({ line, writes }) => writes.map((write) => [line, write])),
    [
      [
        3,
        {
          kind: 'update-user',
          userId: '12',
          fields: { name: 'Kim Novak' },
          before: { name: 'kim' }
        }
      ],
      [
        5,
        {
          kind: 'update-user',
          userId: '18',
          fields: { status: 'active' },
          before: { status: 'inactive' }
        }
      ],
      [
        9,
        {
          kind: 'create-user',
          fields: { externalAppUserId: 'N1', login: 'new@example.com', name: 'New' },
          isAppUser: false
        }
      ],
      [
        11,
        {
          kind: 'create-user',
          fields: { externalAppUserId: 'N1', login: 'new2@example.com', name: 'New too' },
          isAppUser: false
        }
      ],
      [
        12,
        {
          kind: 'create-user',
          fields: { externalAppUserId: 'O1', login: 'new3@example.com', name: 'Not Olga' },
          isAppUser: false
        }
      ]
    ]
  )
  t.strictSame(found.inBoxOnly, [
    { userId: '14', login: 'max@example.com', name: 'max', linked: false, protected: false },
    { userId: '16', login: 'olga@example.com', name: 'olga', linked: true, protected: false },
    { userId: '19', login: 'zoe@example.com', name: 'zoe', linked: false, protected: false }
  ])
})

t.test('the decisions are those of the configuration', async (t) => {
  const csv = 'login\nkim@example.com\njane@example.com\n'
  const refused = await previewOf(t, csv, { onExisting: 'conflict' })
  t.match(verdicts(refused), [
    [2, 'conflict', '12', 'login_taken', /^kim@example\.com belongs to user 12 already/],
    [3, 'unchanged', '11', null, null]
  ])
})

t.test('whoever was invited is outside the enterprise', async (t) => {
  const found = await previewOf(t, 'login\ninvited@example.com\n')
  t.match(verdicts(found), [
    [
      2,
      'conflict',
      null,
      'invite_pending',
      /^invited@example\.com belongs to a Box account outside/
    ]
  ])
  t.strictSame(found.people[0]?.writes, [])
})

t.test('files as programs write them', async (t) => {
  const entra =
    '\u{feff}"userPrincipalName","displayName","surname","mail","givenName","id","userType"\r\n' +
    '"jd@corp.example.com","Jane ""JD"" Doe","Doe","jane@example.com","Jane","0b1c","Member"\r\n'
  t.strictSame(readPeopleFile(Buffer.from(entra)), {
    people: [
      {
        line: 2,
        login: 'jd@corp.example.com',
        externalId: '0b1c',
        name: 'Jane "JD" Doe',
        givenName: 'Jane',
        familyName: 'Doe',
        email: 'jane@example.com'
      }
    ],
    columns: {
      login: 'userPrincipalName',
      externalId: 'id',
      name: 'displayName',
      givenName: 'givenName',
      familyName: 'surname',
      email: 'mail'
    }
  })
  const byMail = readPeopleFile(Buffer.from(entra), { login: 'MAIL' })
  t.match(byMail, {
    people: [{ login: 'jane@example.com', email: '' }],
    columns: { login: 'mail' }
  })

  const okta = 'User ID;Okta username;First name;Last name;Primary email\n00u1;j@example.com;J;D;\n'
  t.match(readPeopleFile(Buffer.from(okta)), {
    people: [{ login: 'j@example.com', externalId: '00u1', givenName: 'J', familyName: 'D' }],
    columns: { login: 'Okta username', externalId: 'User ID', name: null }
  })
  const excel = Buffer.from(
    '\u{feff}sep=;\r\nlogin;name\r\n"a@example.com";"A\r\nB"\r\n;\r\nb@example.com\r\n',
    'utf16le'
  )
  t.match(readPeopleFile(excel).people, [
    { line: 4, login: 'a@example.com', name: 'A\nB' },
    { line: 6, login: 'b@example.com', name: '' }
  ])
  const template = 'version:v1.0\nUser name [userPrincipalName] Required\tid\na@example.com\t7\n'
  t.match(readPeopleFile(Buffer.from(template)).people, [
    { login: 'a@example.com', externalId: '7' }
  ])
})

t.test('files that cannot be used', async (t) => {
  const wrong: readonly (readonly [string | Buffer, RegExp])[] = [
    ['', /^The file is empty/],
    [
      'department,city\nx,y\n',
      /^No column of the file is known to hold logins; it has department, city\./
    ],
    ['login,name\na@example.com,A,B\n', /^The file is no CSV: .*line 2/],
    ['login\n"a@example.com\n', /^The file is no CSV: /],
    [Buffer.from([0x6c, 0x0a, 0xe9]), /^The file is not in UTF-8/]
  ]
  for (const [content, message] of wrong) {
    t.throws(() => readPeopleFile(Buffer.from(content)), { message })
  }
  t.throws(() => readPeopleFile(Buffer.from('login\n'), { externalId: 'key' }), {
    message: 'The file has no column key; it has login.'
  })
})

t.test('who is matched by external id is linked already, too', async (t) => {
  const csv =
    'login,externalId,name\njane@example.com,J1,jane\njane2@example.com,O1,olga\na@example.com,N1,a\nb@example.com,N1,b\n'
  const found = await previewOf(t, csv, { association: 'external_app_user_id' })
  t.match(verdicts(found), [
    [2, 'unchanged', '11', null],
    [3, 'conflict', '16', 'external_id_taken'],
    [4, 'created', null, null],
    [5, 'conflict', null, 'duplicate', 'Line 4 has the same external id.']
  ])
  t.notOk(
    found.inBoxOnly.some(({ userId }) => userId === '16'),
    'the file has her'
  )
})
