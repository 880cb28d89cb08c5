/** The URN of the Box extension of User. */
export const boxUserUrn = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'

/** The URN of the Box extension of Group. */
export const boxGroupUrn = 'urn:ietf:params:scim:schemas:extension:box:2.0:Group'
