import type { UserService } from '../../provisioning/requests.ts'
import { parseUserPatch } from '../protocol/patch.ts'
import { parseUserReplacement } from '../protocol/replace.ts'
import { parseResource } from '../protocol/resource.ts'
import { resourceTypes } from '../protocol/schemas.ts'
import type { ResourceEndpoint } from './resources.ts'

const type = resourceTypes.User

/** `/Users`. A PATCH is answered with the person, whom Okta reads from it. */
export function userEndpoint(users: UserService): ResourceEndpoint {
  return {
    type,
    showsPatched: true,
    create: (body, context) => users.create(parseResource(type, body).document, context),
    replace: (id, body, context) => users.change(id, parseUserReplacement(body), context),
    patch: (id, body, context) => users.change(id, parseUserPatch(body), context),
    delete: (id, context) => users.delete(id, context),
    view: (id, related) => users.view(id, related),
    search: (request) => users.search(request)
  }
}
