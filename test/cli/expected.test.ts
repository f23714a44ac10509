import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compare, formatDifference, readExpected } from '../../cli/expected.ts'
import type { MemberView } from '../../protocols/control.ts'
import { newSigner } from '../helpers/streams.ts'
import { type Fake, member, startFake } from './fake.ts'

const expected = suite('members that are expected')
const dir = mkdtempSync(join(tmpdir(), 'bak-expected-'))
const file = join(dir, 'hosts.txt')
let fake: Fake | undefined
expected.after.each(async () => {
  await fake?.stop()
  fake = undefined
})
expected.after(() => rmSync(dir, { recursive: true }))

const seen = (name: string, change: Partial<MemberView> = {}) => member(name, { peer: `id-of-${name}`, ...change })

const cases: Array<[title: string, list: string[], members: MemberView[], missing: string[], unexpected: string[]]> = [
  ['nobody expected, nobody here', [], [], [], []],
  ['all are here, by name or by id', ['a', 'id-of-b'], [seen('a'), seen('b')], [], []],
  ['one is not', ['a', 'b'], [seen('a')], ['b'], []],
  ['one too many is here', ['a'], [seen('a'), seen('b')], [], ['b']],
  [
    'who is lost or left is missing',
    ['a', 'b'],
    [seen('a', { state: 'lost' }), seen('b', { state: 'left' })],
    ['a', 'b'],
    []
  ],
  [
    'who drains or is busy is here',
    ['a', 'b'],
    [seen('a', { state: 'draining' }), seen('b', { state: 'busy' })],
    [],
    []
  ],
  [
    'two of one name, of whom one is expected',
    ['a'],
    [seen('x', { name: 'a', shown: 'a#1' }), seen('y', { name: 'a', shown: 'a#2' })],
    [],
    ['a#2']
  ],
  [
    'the one that is meant is found before one that fits',
    ['a', 'a#1'],
    [seen('x', { name: 'a', shown: 'a#1' }), seen('y', { name: 'a', shown: 'a#2' })],
    [],
    []
  ],
  ['the same line twice stands for two', ['a', 'a'], [seen('a')], ['a'], []]
]
for (const [title, list, members, missing, unexpected] of cases) {
  expected(title, () => {
    const found = compare(list, members)
    assert.equal([found.missing.map(each => each.name), found.unexpected.map(each => each.name)], [missing, unexpected])
  })
}

expected('the list has a name a line, with comments', () => {
  writeFileSync(file, '# the lab\n\n  db1   # first\nweb 1\n')
  assert.equal(readExpected(file), ['db1', 'web 1'])
  assert.throws(() => readExpected(join(dir, 'nothing')), /--expected .*nothing/)
})

expected('missing and unexpected peers are printed with status 66; without any the status is 0', async () => {
  writeFileSync(file, 'a\nb\nc\n')
  const [a, b, x] = [newSigner(), newSigner(), newSigner()].map(({ peer }) => peer) as [string, string, string]
  const members = [member('a', { peer: a }), member('b', { peer: b, state: 'lost' }), member('x', { peer: x })]
  fake = await startFake({
    members: async function* () {
      yield { members }
    }
  })
  const plain = await fake.bak('members', '--expected', file)
  assert.is(plain.status, 66)
  assert.match(plain.stdout, new RegExp(`missing +b +lost\\nmissing +c +-? *\\nunexpected +x +${x}`))
  const json = JSON.parse((await fake.bak('members', '--expected', file, '--json')).stdout)
  assert.equal(json, {
    missing: [{ name: 'b', state: 'lost' }, { name: 'c' }],
    unexpected: [{ name: 'x', peer: x }]
  })
  writeFileSync(file, 'a\nx\n')
  assert.equal(await fake.bak('members', '--expected', file), { status: 0, stdout: 'as expected\n', stderr: '' })
  assert.is((await fake.bak('members', '--expected', file, '--watch')).status, 64)
  assert.is((await fake.bak('members', '--expected', join(dir, 'nothing'))).status, 64)
  assert.match(formatDifference({ missing: [], unexpected: [] }), /as expected/)
})
expected.run()
