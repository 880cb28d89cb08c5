import type { GroupService } from '../../provisioning/requests.ts'
import { parseGroupPatch } from '../protocol/patch.ts'
import { parseGroupReplacement } from '../protocol/replace.ts'
import { parseResource } from '../protocol/resource.ts'
import { resourceTypes } from '../protocol/schemas.ts'
import type { ResourceEndpoint } from './resources.ts'

const type = resourceTypes.Group

/** `/Groups`. A PATCH is answered 204 unless attributes are asked for. */
export function groupEndpoint(groups: GroupService): ResourceEndpoint {
  return {
    type,
    showsPatched: false,
    create: (body, context) => {
      const { document, members } = parseResource(type, body)
      return groups.create(document, members ?? [], context)
    },
    replace: (id, body, context) => groups.change(id, parseGroupReplacement(body), context),
    patch: (id, body, context) => groups.change(id, parseGroupPatch(body), context),
    delete: (id, context) => groups.delete(id, context),
    view: (id, related) => groups.view(id, related),
    search: (request) => groups.search(request)
  }
}
