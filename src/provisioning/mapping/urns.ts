import boxGroup from '../../../scim-schemas/box-group.json' with { type: 'json' }
import boxUser from '../../../scim-schemas/box-user.json' with { type: 'json' }
import enterpriseUser from '../../../scim-schemas/enterprise-user.json' with { type: 'json' }

/** The URN of the Box extension of User. */
export const boxUserUrn: string = boxUser.id

/** The URN of the enterprise extension of User (RFC 7643 §4.3). */
export const enterpriseUserUrn: string = enterpriseUser.id

/** The URN of the Box extension of Group. */
export const boxGroupUrn: string = boxGroup.id
