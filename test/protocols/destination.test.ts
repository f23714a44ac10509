import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anchoredDestination, type Destination, readDestination } from '../../protocols/destination.ts'
import { BakError } from '../../protocols/errors.ts'

const test = suite('a destination')
const server = (base: string, more: object = {}) => ({ kind: 'server', base, access: 'private', metadata: [], ...more })

const cases: Array<[string, object]> = [
  ['archive', { kind: 'archive' }],
  ['db7', { kind: 'peer', selector: 'db7' }],
  ['archive=true+zone=eu', { kind: 'peer', selector: 'archive=true+zone=eu' }],
  ['/mnt/results', { kind: 'folder', path: '/mnt/results' }],
  ['/mnt/../x/', { kind: 'folder', path: '/x' }],
  ['file:/mnt/x', { kind: 'folder', path: '/mnt/x' }],
  ['file:///mnt/x', { kind: 'folder', path: '/mnt/x' }],
  ['https://pbench.example.com', server('https://pbench.example.com/api/v1')],
  ['https://pbench.example.com/', server('https://pbench.example.com/api/v1')],
  ['http://127.0.0.1:8080/api/v1/', server('http://127.0.0.1:8080/api/v1')],
  ['https://x/pbench/api/v1', server('https://x/pbench/api/v1')],
  [
    'https://x?access=public&metadata=global.a%3Ab&metadata=dataset.name:n',
    server('https://x/api/v1', { access: 'public', metadata: ['global.a:b', 'dataset.name:n'] })
  ]
]
for (const [text, expected] of cases)
  test(`${text} is a ${(expected as Destination).kind}`, () => assert.equal(readDestination(text), expected))

const wrong: Array<[string, RegExp]> = [
  ['', /no name, folder or address/],
  ['a\nb', /no name, folder or address/],
  ['./x', /begins with \/, as in \/x/],
  ['ftp://x/y', /begins with https/],
  ['https://', /no address of a server/],
  ['https://me:secret@x', /PBENCH_ACCESS_TOKEN/],
  ['https://x?token=secret', /access and metadata only, not token/],
  ['https://x#y', /access and metadata only, not #y/],
  ['https://x?access=all', /private or public/],
  ['https://x?metadata=nokey', /expected KEY:VALUE/],
  ['https://x?metadata=server.secret:1', /expected KEY:VALUE/]
]
for (const [text, why] of wrong)
  test(`${JSON.stringify(text)} is refused, and says why`, () => {
    assert.throws(
      () => readDestination(text),
      (error: BakError) => error.code === 'usage' && why.test(error.message) && !error.message.includes('secret@')
    )
  })

test('a folder is anchored where it was typed; peers and servers mean the same anywhere', () => {
  assert.is(anchoredDestination('./x', '/home/me'), '/home/me/x')
  assert.is(anchoredDestination('..', '/home/me'), '/home')
  assert.is(anchoredDestination('file:x', '/home/me'), '/home/me/x')
  assert.is(anchoredDestination('/x', '/home/me'), '/x')
  for (const text of ['archive', 'db7', 'https://x/y']) assert.is(anchoredDestination(text, '/home/me'), text)
})

test('any text is a destination, or is refused in words', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map(text => `./${text}`)
      ),
      text => {
        try {
          const to = readDestination(anchoredDestination(text, '/here'))
          if (to.kind === 'folder') assert.ok(to.path.startsWith('/'))
        } catch (cause) {
          assert.instance(cause, BakError)
          assert.is((cause as BakError).code, 'usage')
        }
      }
    )
  )
})

test.run()
