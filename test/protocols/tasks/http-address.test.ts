/** Where requests of an http operation go: targets dealt over clients, and any text as an address or with its fault named. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressesOf, faultInHttp } from '../../../protocols/tasks/http-address.ts'
import { targetOf } from '../../../protocols/tasks/operation.ts'

const addresses = suite('addresses of requests')

for (const [operation, wanted] of [
  [{ url: 'http://a' }, ['http://a', '/']],
  [{ url: 'http://a:8080/x/y?z=1#part' }, ['http://a:8080', '/x/y?z=1']],
  [{ url: 'HTTPS://a?z=1' }, ['HTTPS://a', '/?z=1']],
  [{ url: 'http://[::1]:80/' }, ['http://[::1]:80', '/']],
  [{ url: 'http://a/ü b/%20/{client}' }, ['http://a', '/%C3%BC%20b/%20/{client}']],
  [{ url: 'x', targets: ['http://a'] }, ['http://a', '/x']],
  [{ url: '/x', targets: ['http://a/'] }, ['http://a', '/x']],
  [{ url: '/x?y', targets: ['http://a/base/'] }, ['http://a', '/base/x?y']],
  [{ url: '?y', targets: ['http://a/base'] }, ['http://a', '/base?y']],
  [{ url: '/', targets: ['http://a/base'] }, ['http://a', '/base/']]
] as const) {
  addresses(`${JSON.stringify(operation)} is ${wanted.join(' and ')}`, () => {
    const given = { ...operation, targets: 'targets' in operation ? [...operation.targets] : undefined }
    assert.is(faultInHttp(given), undefined)
    assert.equal(addressesOf(given), [{ origin: wanted[0], path: wanted[1] }])
  })
}

addresses('clients are dealt over targets evenly, each always the same', () => {
  const operation = { type: 'http', targets: ['http://a', 'http://b', 'http://c'] } as const
  const seen = Array.from({ length: 7 }, (_, client) => targetOf(operation, client))
  assert.equal(seen, ['http://a', 'http://b', 'http://c', 'http://a', 'http://b', 'http://c', 'http://a'])
  assert.is(targetOf({ type: 'http' }, 3), undefined)
  assert.is(targetOf({ type: 'command' }, 3), undefined)
})

addresses('any text is an address that can be sent, or has its fault named', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, withFragments: true })),
      url => {
        const fault = faultInHttp({ url })
        if (fault != null) return fault.startsWith('url: ')
        const [address] = addressesOf({ url, targets: undefined })
        return /^\/[\x21-\x7e]*$/.test(address?.path ?? '') && URL.canParse(address?.origin ?? '')
      }
    )
  )
})

addresses('a body and a file of a body are not both sent', () => {
  assert.match(faultInHttp({ url: 'http://a', body: 'x', body_file: 'x.json' }) ?? '', /^body_file: /)
})

addresses.run()
