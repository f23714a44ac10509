/** Values on the socket of a workload. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeValue, unescapeValue } from '../../protocols/workload-socket.ts'

const values = suite('values on the socket of a workload')

values('every value comes back as it was, and is one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), value => {
      const line = escapeValue(value)
      assert.not.match(line, /\n/)
      assert.equal(unescapeValue(line), new Uint8Array(value))
    })
  )
})

values('people may write the escapes that they know', () => {
  assert.equal(Buffer.from(unescapeValue('a\\tb\\r\\n\\0\\\\n')).toString(), 'a\tb\r\n\0\\n')
})

for (const wrong of ['\\', 'a\\', '\\x41', '\\q']) {
  values(`${wrong} is no escape, which is said`, () => {
    assert.throws(
      () => unescapeValue(wrong),
      (error: Error) => /has no meaning in a value: a backslash is/.test(error.message)
    )
  })
}

values.run()
