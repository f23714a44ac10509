import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { namesIn, parseSelector } from '../../node/run/selector.ts'
import { BakError } from '../../protocols/errors.ts'
import { newSigner } from '../helpers/streams.ts'

const test = suite('selector')

const a = { peer: '12D3KooWAAAAAAAAfirst', name: 'db1', shown: 'db1', labels: { role: 'db', rack: 'r1' } }
const b = { peer: '12D3KooWBBBBBBBBsecond', name: 'db2', shown: 'db2', labels: { role: 'db', rack: 'r2', spare: '' } }
const c = {
  peer: '12D3KooWCCCCCCCCthird',
  name: 'web',
  shown: 'web#third1',
  labels: { role: 'web', rack: 'r2', 'os.name': 'x=y' }
}
const registered = [{ label: 'client' }, {}, { label: 'c2' }]
const labelled = { peer: '12D3KooWLLLLLLLLfifth', name: 'l', shown: 'l', labels: { label: 'own' }, registered }
const d = { peer: '12D3KooWDDDDDDDDfourth', name: 'web', shown: 'web#fourth', labels: {} }
const letters = new Map([a, b, c, d].map((peer, i) => [peer, 'abcd'[i]]))
const who = (selector: string) =>
  [a, b, c, d]
    .filter(parseSelector(selector))
    .map(peer => letters.get(peer))
    .join('')

const table: Array<[selector: string, who: string]> = [
  ['all', 'abcd'],
  ['*', 'abcd'],
  ['db1', 'a'],
  ['db', ''],
  ['DB1', ''],
  ['db*', 'ab'],
  ['*1', 'ac'],
  ['*b*', 'abcd'],
  ['d*2', 'b'],
  ['d.1', ''],
  ['db1,web', 'acd'],
  ['db1, db2', 'ab'],
  ['web', 'cd'],
  ['web#third1', 'c'],
  ['BBBBBBBBsecond', 'b'],
  ['12D3KooWAAAAAAAAfirst', 'a'],
  ['BBBBBBB', ''],
  ['role=db', 'ab'],
  ['role=d*', 'ab'],
  ['role!=db', 'cd'],
  ['role=', ''],
  ['role!=', 'abcd'],
  ['spare=', 'b'],
  ['spare!=', 'acd'],
  ['constructor=*', ''],
  ['rack=r2', 'bc'],
  ['rack=*', 'abc'],
  ['os.name=x=y', 'c'],
  ['role=db+rack=r2', 'b'],
  ['role=db + rack=r2', 'b'],
  ['role=db+rack=r2,web#fourth', 'bd'],
  ['all+role!=web', 'abd'],
  ['db1+db2', ''],
  ['nobody', '']
]
for (const [selector, expected] of table) {
  test(`"${selector}" is ${expected === '' ? 'nobody' : [...expected].join(' and ')}`, () =>
    assert.is(who(selector), expected))
}

const named: Array<[selector: string, names: string[]]> = [
  ['all', []],
  ['role=db', []],
  ['db*', []],
  ['db1', ['db1']],
  ['db1, web', ['db1', 'web']],
  ['role=db,web#fourth', ['web#fourth']],
  ['db1+role=db', ['db1']]
]
for (const [selector, names] of named) {
  test(`"${selector}" names ${names.join(' and ') || 'nobody'}`, () =>
    assert.equal(
      namesIn(selector).map(({ name }) => name),
      names
    ))
}

const errors: Array<[selector: string, part: string]> = [
  ['', ''],
  [' ', ''],
  ['db1,', ''],
  [',db1', ''],
  ['db1,,db2', ''],
  ['db1+', ''],
  ['db 1', 'db 1'],
  ['=db', '=db'],
  ['!=db', '!=db'],
  ['role db=x', 'role db=x'],
  ['!db1', '!db1'],
  ['(db1)', '(db1)'],
  ['db1;web', 'db1;web'],
  ['a,b/c,d', 'b/c']
]
for (const [selector, part] of errors) {
  test(`"${selector}" means nothing, and the error shows which part`, () => {
    assert.throws(
      () => parseSelector(selector),
      (error: unknown) =>
        error instanceof BakError &&
        error.code === 'usage' &&
        error.message.startsWith(`selector "${selector}": "${part}" `)
    )
  })
}

test('the id of a peer means that peer, not another one that took it as its name', () => {
  const [real, impostor] = [newSigner().peer, newSigner().peer]
  const [one, other] = [
    { peer: real, name: 'db', shown: 'db', labels: {} },
    { peer: impostor, name: real, shown: real, labels: {} }
  ]
  assert.equal([one, other].filter(parseSelector(real)), [one])
  assert.equal([one, other].filter(namesIn(real)[0]?.means ?? (() => true)), [one])
})

test('a peer is in one alternative or another exactly if it is in one of them', () => {
  const part = fc.constantFrom(...table.map(([selector]) => selector))
  fc.assert(
    fc.property(part, part, fc.constantFrom(a, b, c, d), (one, other, peer) => {
      const [in1, in2] = [parseSelector(one)(peer), parseSelector(other)(peer)]
      assert.is(parseSelector(`${one},${other}`)(peer), in1 || in2)
      if (!`${one}${other}`.includes(',')) assert.is(parseSelector(`${one}+${other}`)(peer), in1 && in2)
    })
  )
})

test('the label label is also what a peer is called in its groups of tools', () => {
  for (const [selector, fits] of [
    ['label=client', true],
    ['label=c*', true],
    ['label=own', true],
    ['label=server', false],
    ['label!=client', false],
    ['role=client', false]
  ] as const)
    assert.is(parseSelector(selector)(labelled), fits, selector)
})

test('no text is understood in a way that breaks later', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        assert.type(parseSelector(text)(a), 'boolean')
      } catch (error) {
        assert.is((error as BakError).code, 'usage')
      }
    }),
    { numRuns: 2_000 }
  )
})

test.run()
