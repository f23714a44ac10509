import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isNetworkKind, kindOf, normalKind } from '../../../../node/work/tasks/operations/error-kinds.ts'

const kinds = suite('kinds of errors')

const withCode = (code: unknown, message = 'text') => Object.assign(new Error(message), { code })

function itsOwnCause(): Error {
  const error = new Error('round')
  error.cause = error
  return error
}

for (const [error, kind] of [
  [withCode('ECONNREFUSED'), 'ECONNREFUSED'],
  [new AggregateError([withCode('EHOSTUNREACH')], ''), 'EHOSTUNREACH'],
  [new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') }), 'ECONNREFUSED'],
  [new TypeError('fetch failed', { cause: new AggregateError([withCode('ENOTFOUND')]) }), 'ENOTFOUND'],
  [new Error('outer', { cause: new Error('inner') }), 'outer'],
  [itsOwnCause(), 'round'],
  [withCode('UND_ERR_SOCKET', 'other side closed'), 'connection closed'],
  [withCode('UND_ERR_SOCKET', 'bad upgrade'), 'bad upgrade'],
  [withCode('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'response incomplete'],
  [withCode(17, 'shard 12 of 3f2a9c0d11 at 10.0.0.7:9200'), 'shard N of N at N:N'],
  [withCode('with spaces', 'x'), 'x'],
  [new RangeError('index "docs-17" is \'closed\''), 'RangeError: index "..." is "..."'],
  [new Error('one\ntwo'), 'one'],
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [{}, '[object Object]'],
  [Object.create(null), 'error'],
  [new Error(''), 'error'],
  [{ name: 7, message: 'm' }, 'm']
] as const) {
  kinds(`${String(kind)} is one of them`, () => assert.is(kindOf(error), kind))
}

kinds(
  'whatever is thrown has a short kind of one line, and what is counted of it does not grow with its numbers',
  () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), thrown => {
        const kind = kindOf(thrown)
        return kind.length > 0 && kind.length <= 120 && /^\P{C}+$/u.test(kind)
      })
    )
    fc.assert(
      fc.property(fc.nat(), fc.string(), (number, word) => {
        const quoted = JSON.stringify(word.replace(/['"`\\\n\r]/g, ''))
        return normalKind(`document ${number} of ${quoted} failed`) === 'document N of "..." failed'
      })
    )
  }
)

kinds('only a target that cannot be reached is an error of the network', () => {
  assert.equal(
    ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ECONNRESET', 'connection closed', 'timeout'].map(isNetworkKind),
    [true, true, true, false, false, false]
  )
})

kinds.run()
