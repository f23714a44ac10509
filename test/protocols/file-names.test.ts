import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bytesOf, packedName, rawOf, sealedName } from '../../protocols/file-names.ts'

const test = suite('names of files')
const raw = (text: string) => rawOf(text)

const names: [title: string, raw: string, packed: string, sealed: string][] = [
  ['plain', 'out.txt', 'out.txt', 'out.txt'],
  ['UTF-8', raw('größe ✓'), 'größe ✓', 'größe ✓'],
  ['Latin-1', 'caf\xe9', 'caf\\xe9', 'caf\\xe9'],
  ['half of a character', 'a\xe2\x9c', 'a\\xe2\\x9c', 'a\\xe2\\x9c'],
  ['a line feed', 'x\ny', 'x\\x0ay', 'x\ny'],
  ['an escape sequence', '\x1b[2J', '\\x1b[2J', '\x1b[2J'],
  ['a backslash', 'a\\b', 'a\\b', 'a\\x5cb'],
  ['a backslash beside what is escaped', '\\xe9\xe9', '\\x5cxe9\\xe9', '\\x5cxe9\\xe9'],
  ['a surrogate', '\xed\xa0\x80', '\\xed\\xa0\\x80', '\\xed\\xa0\\x80'],
  ['a replacement character', raw('\ufffd'), '\\xef\\xbf\\xbd', '\ufffd']
]
for (const [title, given, packed, sealed] of names) {
  test(`${title}: as it is packed, and as it is sealed`, () => {
    assert.is(packedName(given), packed)
    assert.is(sealedName(given), sealed)
  })
}

test('different bytes have different names under a seal', () => {
  const any = fc.string({ unit: fc.constantFrom('a', '\\', 'x', 'e', '9', '\xe9', '\xc3', '\xa9', '\n'), maxLength: 6 })
  fc.assert(fc.property(any, any, (a, b) => (a === b) === (sealedName(a) === sealedName(b))))
})

test('a raw name is the bytes of the name', () => {
  assert.equal(bytesOf(raw('ü')), Buffer.from('ü'))
})

test.run()
