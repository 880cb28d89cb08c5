import t from 'tap'
import { withoutEntraFlag } from '../../../src/scim/plugins/urls.ts'

t.test('the flag of Entra ID is ignored wherever it is', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['/scim/v2/Users', '/scim/v2/Users'],
    ['/scim/v2/Users?aadOptscim062020', '/scim/v2/Users'],
    ['/scim/v2/Users?AADOPTSCIM062020', '/scim/v2/Users'],
    ['/scim/v2/Users?aadOptscim062020=', '/scim/v2/Users'],
    ['/scim/v2/Users?aadOptscim062020=true&count=1', '/scim/v2/Users?count=1'],
    ['/scim/v2/Users?aadOptscim062020&filter=a&count=1', '/scim/v2/Users?filter=a&count=1'],
    ['/scim/v2/Users?filter=a&aadOptscim062020', '/scim/v2/Users?filter=a'],
    ['/scim/v2/Users?filter=a&aadOptscim062020&count=1', '/scim/v2/Users?filter=a&count=1'],
    ['/scim/v2/Users?filter=a?aadOptscim062020', '/scim/v2/Users?filter=a'],
    ['/scim/v2/Users?aadOptscim062020?filter=a', '/scim/v2/Users?filter=a'],
    ['/scim/v2?aadOptscim062020/Users', '/scim/v2/Users'],
    ['/scim/v2/?aadOptscim062020/Users?filter=a', '/scim/v2//Users?filter=a']
  ]
  for (const [url, expected] of cases) t.equal(withoutEntraFlag(url), expected, url)
})

t.test('everything else stays as it is', async (t) => {
  for (const url of [
    '/scim/v2/Users/a&aadOptscim062020',
    '/scim/v2/Users?filter=x%20eq%20%22aadOptscim062020%22',
    '/scim/v2/Users?filter=a+b&x=%2B&y=?',
    '/scim/v2/Users?aadOptscim0620201'
  ]) {
    t.equal(withoutEntraFlag(url), url)
  }
})
