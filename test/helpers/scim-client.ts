/** An answer of the server, its body parsed where it has one. */
export interface ScimAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A SCIM client with the token set. Paths start below the SCIM base. */
export interface ScimClient {
  /** Sends any request; `body` is sent as JSON. */
  send(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>
  ): Promise<ScimAnswer>
  get(path: string): Promise<ScimAnswer>
  post(path: string, body: object): Promise<ScimAnswer>
  put(path: string, body: object): Promise<ScimAnswer>
  /** Sends the operations as a PatchOp message (RFC 7644 §3.5.2). */
  patch(path: string, ...operations: readonly object[]): Promise<ScimAnswer>
  delete(path: string): Promise<ScimAnswer>
  /** The resources that a filter finds. */
  find(path: string, filter: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** Makes a SCIM client. */
export function scimClient({ baseUrl, token }: { baseUrl: string; token: string }): ScimClient {
  const send: ScimClient['send'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    return { status: response.status, headers: response.headers, body: parsed }
  }
  return {
    send,
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    patch: (path, ...operations) =>
      send('PATCH', path, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: operations
      }),
    delete: (path) => send('DELETE', path),
    async find(path, filter) {
      const { body } = await send('GET', `${path}?filter=${encodeURIComponent(filter)}`)
      return body['Resources'] as Readonly<Record<string, unknown>>[]
    }
  }
}

/** The body of a POST for this person. */
export function person(userName: string, more: object = {}): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName,
    displayName: `Name of ${userName.split('@')[0] ?? ''}`,
    active: true,
    ...more
  }
}

/** The body of a POST for this group. */
export function group(displayName: string, members: readonly string[] = []): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName,
    members: members.map((value) => ({ value }))
  }
}
