import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { globOf } from '../../protocols/glob.ts'

const test = suite('patterns with stars')

const cases: Array<[pattern: string, fits: string[], not: string[]]> = [
  ['', [''], ['a']],
  ['tcpdump', ['tcpdump'], ['tcpdump2', 'xtcpdump', '', 'TCPDUMP']],
  ['*', ['', 'a', 'a.b'], ['/', 'a/b']],
  ['**', ['', 'a', '/', 'a/b/c\n'], []],
  ['/opt/*', ['/opt/', '/opt/a'], ['/opt', '/opt/a/b', 'x/opt/a']],
  ['/opt/**', ['/opt/', '/opt/a/b'], ['/opt', '/optional']],
  ['a*b*c', ['abc', 'axxbyyc', 'abcbc'], ['ab', 'abcd', 'ac']],
  ['a.b', ['a.b'], ['axb']],
  ['[a]{2}(x|y)+?^$\\', ['[a]{2}(x|y)+?^$\\'], ['aa', '']]
]
for (const [pattern, fits, not] of cases) {
  test(`"${pattern}" fits what it says and nothing else`, () => {
    const matches = globOf(pattern)
    for (const text of fits) assert.ok(matches(text), text)
    for (const text of not) assert.not(matches(text), text)
  })
}

test('it fits what a regular expression of the same meaning fits', () => {
  const letters = (from: string) => fc.string({ unit: fc.constantFrom(...from), maxLength: 10 })
  fc.assert(
    fc.property(letters('ab/*'), letters('ab/'), (pattern, text) => {
      const source = pattern.replace(/\*+/g, stars => (stars.length > 1 ? '.*' : '[^/]*'))
      assert.is(globOf(pattern)(text), new RegExp(`^${source}$`).test(text))
    }),
    { numRuns: 5_000 }
  )
})

test('a pattern and a text that would hold a regular expression up for years do not', () => {
  assert.not(globOf('*a'.repeat(40))(`${'a'.repeat(4_000)}b`))
})

test.run()
