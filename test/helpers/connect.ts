import { scimClient, type ScimAnswer } from './scim-client.ts'

/** Asks for the Box user of somebody who signs in, as a single sign-on service does. */
export function connectTo(bridge: { readonly url: string; readonly token: string }) {
  return (person: object): Promise<ScimAnswer> =>
    scimClient({ baseUrl: bridge.url, token: bridge.token }).post('/connect', person)
}
