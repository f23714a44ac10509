import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { visibleOutput } from '../../cli/output.ts'
import { unwrapOutput, wholeCharacters, wrapOutput } from '../../protocols/output-bytes.ts'

const test = suite('output as bytes')

test('any bytes come back as they were, text as text', () => {
  assert.equal(wrapOutput(Buffer.from('\ufeffüber\n')), { text: '\ufeffüber\n' })
  assert.equal(wrapOutput(Buffer.from('caf\xe9', 'latin1')), { base64: 'Y2Fm6Q==' })
  fc.assert(fc.property(fc.uint8Array(), bytes => unwrapOutput(wrapOutput(bytes)).compare(bytes) === 0))
})

test('a character that is cut waits for its end', () => {
  const text = Buffer.from('aü€😀')
  const lengths = Array.from({ length: text.length + 1 }, (_, i) => wholeCharacters(text.subarray(0, i)))
  assert.equal(lengths, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10])
  assert.is(wholeCharacters(Buffer.from([0x80, 0x80, 0x80, 0x80])), 4)
})

const shown: [given: string, visible: string][] = [
  ['plain\n\ttext', 'plain\n\ttext'],
  ['\x1b[2Jü', '\\x1b[2Jü'],
  ['10 %\r20 %\r\n', '10 %\n20 %\n'],
  ['a\u202eb', 'a\\xe2\\x80\\xaeb'],
  ['back\\slash', 'back\\slash']
]
for (const [given, visible] of shown) {
  test(`on a terminal ${JSON.stringify(given)} is ${JSON.stringify(visible)}`, () => {
    assert.is(visibleOutput(wrapOutput(Buffer.from(given))), visible)
  })
}

test('on a terminal bytes that are no UTF-8 are shown as such', () => {
  assert.is(visibleOutput(wrapOutput(Buffer.from('caf\xe9 \x9b2J', 'latin1'))), 'caf\\xe9 \\x9b2J')
})

test.run()
