import type { Milliseconds } from '../lib/clock.ts'
import type { ForeignAccount, GroupFields, MemberRole, UserFields } from './records.ts'

/** The application that may call the emulator. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly enterpriseId: string
}

/**
 * The credentials an emulator accepts unless it is told others. They are public on purpose: they
 * open nothing but a pretended enterprise.
 */
export const demoCredentials: Credentials = {
  clientId: 'demo-client-id',
  clientSecret: 'demo-client-secret',
  enterpriseId: '1000001'
}

/** Fields of a user that a seed, or an administrator in Box, may set. */
export type SettableUserFields = Omit<
  UserFields,
  'created_at' | 'modified_at' | 'avatar_url' | 'enterprise' | 'hostname' | 'my_tags'
>

/** Facts about a user that Box knows and does not tell; all default to false, or 0. */
export interface HiddenUserFacts {
  /** Deleting then needs `force`. What space it uses is `space_used`, 1 MiB unless it is given. */
  readonly ownsContent?: boolean
  /** A retention policy holds owned content, so that even `force` does not delete. */
  readonly retained?: boolean
  /** Whether the person confirmed the login; true in a seed unless it says otherwise. */
  readonly emailConfirmed?: boolean
  /** An information barrier keeps the user apart: no memberships, no transfers. */
  readonly barred?: boolean
  /** How long Box works at a transfer of the owned content. */
  readonly transferMs?: Milliseconds
}

/** A user of a seed: `login`, `name`, and whatever differs from Box's defaults. */
export interface SeedUser extends Partial<SettableUserFields>, HiddenUserFacts {
  readonly login: string
  readonly name: string
  /** Confirmed aliases. */
  readonly aliases?: readonly string[]
  /** Whether the user was created by the application that calls the emulator. */
  readonly createdByApp?: boolean
}

/** A group of a seed. */
export interface SeedGroup extends Partial<Omit<GroupFields, 'created_at' | 'modified_at'>> {
  readonly name: string
  /** Logins of the members, or a login with its role. */
  readonly members?: readonly (string | { readonly login: string; readonly role: MemberRole })[]
}

/** What an emulator starts with. */
export interface Seed {
  readonly enterprise: {
    readonly name: string
    /** Verified e-mail domains. */
    readonly domains: readonly string[]
    /** Time zone in which Box writes this enterprise's times. */
    readonly timeZone: string
    /** Names of the tracking codes that are defined. */
    readonly trackingCodes: readonly string[]
    /** How many users the licence is for; default any number. */
    readonly seats?: number
  }
  readonly users: readonly SeedUser[]
  readonly groups: readonly SeedGroup[]
  /** Box accounts outside the enterprise. */
  readonly foreign: readonly Omit<ForeignAccount, 'id'>[]
  /**
   * The first id of each kind; ids count up from it. Kinds are counted separately, so equal numbers
   * make the id of a user the id of a group as well, as happens in Box.
   */
  readonly firstIds?: {
    readonly users: number
    readonly groups: number
    readonly memberships: number
    readonly aliases: number
  }
}

const enterprise: Seed['enterprise'] = {
  name: 'Example Corp',
  domains: ['example.com'],
  timeZone: 'America/Los_Angeles',
  trackingCodes: ['Department', 'Cost Center']
}

const primaryAdmin: SeedUser = {
  login: 'ada.admin@example.com',
  name: 'Ada Admin',
  role: 'admin',
  job_title: 'Head of IT',
  ownsContent: true
}

/** The primary admin and the service account, nobody else. */
export const emptySeed: Seed = { enterprise, users: [primaryAdmin], groups: [], foreign: [] }

const department = (value: string): Pick<SeedUser, 'tracking_codes'> => ({
  tracking_codes: [{ type: 'tracking_code', name: 'Department', value }]
})

const people: readonly SeedUser[] = [
  {
    login: 'bela.bartos@example.com',
    name: 'Béla Bartos',
    role: 'coadmin',
    job_title: 'IT Operations Lead',
    phone: '+36 1 555 0101',
    language: 'en',
    timezone: 'Europe/Budapest',
    ...department('IT')
  },
  {
    login: 'carla.conti@example.com',
    name: 'Carla Conti',
    job_title: 'Account Executive',
    phone: '+39 02 555 0102',
    address: 'Via Esempio 12, Milano, 20121, Italy',
    language: 'it',
    timezone: 'Europe/Rome',
    ownsContent: true,
    ...department('Sales')
  },
  {
    login: 'david.okafor@example.com',
    name: 'David Okafor',
    job_title: 'Sales Director',
    phone: '+1 415 555 0103',
    address: '900 Sample Ave, Redwood City, CA, 94063, US',
    ownsContent: true,
    ...department('Sales')
  },
  {
    login: 'elin.nyberg@example.com',
    name: 'Elin Nyberg',
    job_title: 'Product Designer',
    phone: '+46 8 555 0104',
    language: 'sv',
    timezone: 'Europe/Stockholm',
    aliases: ['elin.berg@example.com']
  },
  {
    login: 'farid.haddad@example.com',
    name: 'Farid Haddad',
    job_title: 'Software Engineer',
    phone: '+33 1 55 50 01 05',
    language: 'fr',
    timezone: 'Europe/Paris',
    ...department('Engineering')
  },
  {
    login: 'grace.tan@example.com',
    name: 'Grace Tan',
    job_title: 'Engineering Manager',
    phone: '+65 6555 0106',
    language: 'gb',
    timezone: 'Asia/Singapore',
    ownsContent: true,
    ...department('Engineering')
  },
  {
    login: 'hiroshi.sato@example.com',
    name: '佐藤 浩',
    job_title: 'Software Engineer',
    phone: '+81 3 5550 0107',
    language: 'ja',
    timezone: 'Asia/Tokyo',
    ...department('Engineering')
  },
  {
    login: 'ines.moreira@example.com',
    name: 'Inês Moreira',
    job_title: 'Data Analyst',
    language: 'pt',
    timezone: 'America/Sao_Paulo',
    status: 'inactive',
    ownsContent: true
  },
  {
    login: 'jan.kowalski@example.com',
    name: 'Jan Kowalski',
    job_title: 'Software Engineer',
    language: 'pl',
    timezone: 'Europe/Warsaw',
    ...department('Engineering')
  },
  {
    login: 'karen.oneil@example.com',
    name: "Karen O'Neil",
    job_title: 'HR Business Partner',
    phone: '+353 1 555 0110',
    language: 'gb',
    timezone: 'Europe/Dublin',
    notification_email: { email: 'people-desk@example.com', is_confirmed: true },
    ...department('HR')
  },
  {
    login: 'liang.wu@example.com',
    name: 'Wu Liang',
    job_title: 'Quality Engineer',
    language: 'zh',
    timezone: 'Asia/Shanghai',
    ...department('Engineering')
  },
  {
    login: 'mia.schneider@example.com',
    name: 'Mia Schneider',
    job_title: 'Controller',
    phone: '+49 30 5550112',
    address: 'Musterstraße 5, Berlin, 10115, Germany',
    language: 'de',
    timezone: 'Europe/Berlin',
    status: 'cannot_delete_edit',
    ...department('Finance')
  },
  {
    login: 'noah.berger@example.com',
    name: 'Noah Berger',
    job_title: 'Financial Analyst',
    language: 'de',
    timezone: 'Europe/Zurich',
    ...department('Finance')
  },
  {
    login: 'olga.ivanova@example.com',
    name: 'Ольга Иванова',
    job_title: 'Recruiter',
    language: 'ru',
    timezone: 'Europe/Vilnius',
    ...department('HR')
  },
  {
    login: 'pablo.ruiz@example.com',
    name: 'Pablo Ruiz',
    job_title: 'Account Executive',
    phone: '+52 55 5550 0115',
    language: 's2',
    timezone: 'America/Mexico_City',
    ...department('Sales')
  },
  {
    login: 'quinn.taylor@example.com',
    name: 'Quinn Taylor',
    job_title: 'Support Engineer',
    language: 'e2',
    timezone: 'America/Toronto',
    status: 'inactive'
  },
  {
    login: 'ravi.menon@example.com',
    name: 'Ravi Menon',
    job_title: 'Platform Engineer',
    language: 'en',
    timezone: 'Asia/Kolkata',
    space_amount: 1_000_000_000_000_000,
    ...department('Engineering')
  },
  {
    login: 'sofia.lind@example.com',
    name: 'Sofia Lind',
    job_title: 'Legal Counsel',
    language: 'fi',
    timezone: 'Europe/Helsinki',
    ownsContent: true,
    retained: true,
    ...department('Legal')
  },
  {
    login: 'AppUser_1000001_invoices@boxdevedition.com',
    name: 'Invoice Import',
    is_platform_access_only: true,
    external_app_user_id: 'invoice-import',
    createdByApp: true
  }
]

/** The people, an app user and the groups of a small company, and a few accounts outside it. */
export const demoSeed: Seed = {
  enterprise,
  users: [primaryAdmin, ...people],
  groups: [
    { name: 'All Users', group_type: 'all_users_group' },
    {
      name: 'Engineering',
      description: 'Everybody who builds the product',
      members: [
        { login: 'grace.tan@example.com', role: 'admin' },
        'farid.haddad@example.com',
        'hiroshi.sato@example.com',
        'jan.kowalski@example.com',
        'liang.wu@example.com',
        'ravi.menon@example.com'
      ]
    },
    {
      name: 'Finance',
      members: ['mia.schneider@example.com', 'noah.berger@example.com']
    },
    {
      name: 'Human Resources',
      members: ['karen.oneil@example.com', 'olga.ivanova@example.com', 'quinn.taylor@example.com']
    },
    {
      name: 'Sales',
      members: [
        'carla.conti@example.com',
        'david.okafor@example.com',
        'ines.moreira@example.com',
        'pablo.ruiz@example.com'
      ]
    }
  ],
  foreign: [
    {
      login: 'tess.young@example.com',
      name: 'Tess Young',
      kind: 'personal',
      collaborates: false
    },
    {
      login: 'umar.khan@example.com',
      name: 'Umar Khan',
      kind: 'personal',
      collaborates: false
    },
    {
      login: 'vera.novak@partner.example.com',
      name: 'Vera Novak',
      kind: 'other-enterprise',
      collaborates: true
    },
    {
      login: 'will.hart@partner.example.com',
      name: 'Will Hart',
      kind: 'other-enterprise',
      collaborates: false
    }
  ]
}
